import assert from 'node:assert/strict'
import { type Case, closeOf, holding } from '../trial.ts'
import { turns, within } from '../within.ts'

/** More than all the buffers between a server and a client that does not read. */
const tooMuch = 'x'.repeat(2 ** 25)

/** Clients that read slowly or not at all. */
export const backpressureCases: readonly Case[] = [
  {
    name: 'S33: send says false when the client is behind, and drained resolves when it has caught up',
    async run(trial) {
      const { client, stream } = await trial.open()
      await client.head()
      client.pause()
      assert.equal(await stream.drained(), true)
      assert.equal(stream.send({ data: tooMuch }), false)
      assert.ok(stream.bufferedBytes > 0)
      const drained = stream.drained()
      client.resume()
      assert.equal(await within(drained, 'drained()'), true)
      assert.equal(stream.closed, null)
      assert.equal((await client.received(1))[0]?.data.length, tooMuch.length)
    },
  },
  {
    name: 'S33: a client that is too far behind is closed as slow, and no other notices',
    async run(trial) {
      const { route, streams } = holding({ maxBufferedBytes: 100_000 })
      const server = await trial.start({ '/': route })
      const slowClient = server.request('/')
      const slow = await streams.take()
      const otherClient = server.request('/')
      const other = await streams.take()
      await slowClient.head()
      slowClient.pause()
      const drained = () => within(slow.drained(), 'drained()')
      assert.equal(slow.send({ data: tooMuch }), false)
      const waiting = drained()
      assert.equal(slow.send({ data: 'one too many' }), false)
      assert.equal(slow.closed, 'slow')
      assert.equal(await waiting, false)
      assert.equal(slow.bufferedBytes, 0)
      other.send({ data: 'not disturbed' })
      assert.equal((await otherClient.received(1))[0]?.data, 'not disturbed')
      assert.deepEqual([...server.events.streams], [other])
    },
  },
  {
    name: 'S33: what fits into maxBufferedBytes is kept for a slow client',
    async run(trial) {
      const { client, stream } = await trial.open({ maxBufferedBytes: 2 ** 27 })
      await client.head()
      client.pause()
      const sizes = [2 ** 24, 2 ** 24, 5]
      for (const size of sizes) stream.send({ data: 'x'.repeat(size) })
      assert.equal(stream.closed, null)
      client.resume()
      const events = await client.received(3)
      assert.deepEqual(
        events.map(({ data }) => data.length),
        sizes,
      )
    },
  },
  {
    name: 'S24, S33: writes no heartbeats to a client that is behind',
    async run(trial) {
      const { route, streams } = holding({ heartbeatMs: 20 })
      const server = await trial.start({ '/': route })
      const frozen = server.request('/')
      const stream = await streams.take()
      await frozen.head()
      frozen.pause()
      stream.send({ data: tooMuch })
      await turns()
      const waiting = stream.bufferedBytes
      assert.ok(waiting > 0)
      await server.request('/').commented(4)
      assert.ok(stream.bufferedBytes <= waiting)
      assert.equal(stream.closed, null)
    },
  },
  {
    name: 'S33: a client that takes nothing for stallMs is closed as stalled',
    async run(trial) {
      const { client, stream } = await trial.open({ stallMs: 80 })
      await client.head()
      client.pause()
      stream.send({ data: tooMuch })
      const drained = stream.drained()
      assert.equal(await closeOf(stream), 'stalled')
      assert.equal(await within(drained, 'drained()'), false)
    },
  },
  {
    name: 'S33: a stream that was ended does not wait for ever until its client has read the rest',
    async run(trial) {
      const { client, stream } = await trial.open({ stallMs: 80 })
      await client.head()
      client.pause()
      stream.send({ data: tooMuch })
      stream.end()
      assert.equal(stream.closed, 'end')
      client.resume()
      assert.notEqual(await client.over(), 'open')
    },
  },
]
