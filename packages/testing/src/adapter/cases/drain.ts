import assert from 'node:assert/strict'
import { type Case, closeOf, holding } from '../trial.ts'
import type { TrialClient } from '../trial-client.ts'
import { within } from '../within.ts'

/** Shutting down. */
export const drainCases: readonly Case[] = [
  {
    name: 'S35: tells open streams when to come back, ends them on a block, and resolves',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route })
      const clients = [server.request('/'), server.request('/'), server.request('/')]
      const opened = [await streams.take(), await streams.take(), await streams.take()]
      for (const stream of opened) stream.send({ data: 'a\nb' })
      for (const client of clients) await client.received(1)
      await within(server.events.close({ retryMs: [7_000, 8_000] }), 'close()')
      for (const stream of opened) assert.equal(stream.closed, 'shutdown')
      for (const client of clients) {
        await client.ended()
        assert.match(client.raw.toString(), /^retry: \d+\n\ndata: a\ndata: b\n\nretry: 7\d\d\d\n\n$/)
      }
      assert.equal(server.events.streams.size, 0)
    },
  },
  {
    name: 'S35: refuses new streams softly: 200, when to come back, end',
    async run(trial) {
      let runCount = 0
      const { route, streams } = holding()
      const server = await trial.start({
        '/': route,
        '/handler': async ({ open }) => {
          await open(() => {
            runCount += 1
          })
        },
      })
      await server.events.close()
      for (const path of ['/', '/handler']) {
        const client = server.request(path)
        await client.ended()
        assert.equal(client.status, 200)
        assert.equal(client.headers['content-type'], 'text/event-stream')
        assert.match(client.raw.toString(), /^retry: \d{4}\n\n$/)
      }
      assert.equal((await streams.take()).closed, 'shutdown')
      assert.equal(runCount, 0)
    },
  },
  {
    name: 'S35: hangs up all within the grace time and drops a client that does not read',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route })
      const clients: TrialClient[] = []
      for (let n = 0; n < 10; n += 1) {
        clients.push(server.request('/'))
        await streams.take()
      }
      const frozen = server.request('/')
      const stuck = await streams.take()
      await frozen.head()
      frozen.pause()
      stuck.send({ data: 'x'.repeat(2 ** 25) })
      await within(server.events.close({ graceMs: 1_500 }), 'close()')
      assert.equal(stuck.closed, 'shutdown')
      for (const client of clients) await client.ended()
      frozen.resume()
      assert.equal(await frozen.over(), 'broken')
    },
  },
  {
    name: 'S35: closing twice is closing once',
    async run(trial) {
      const { server, stream } = await trial.open()
      const [first, second] = [server.events.close(), server.events.close({ graceMs: 60_000 })]
      await within(Promise.all([first, second]), 'both')
      assert.equal(stream.closed, 'shutdown')
    },
  },
  {
    name: 'S35: the server can be closed right after it',
    async run(trial) {
      const { server, client, stream } = await trial.open()
      await client.head()
      const closed = closeOf(stream)
      await server.events.close()
      await within(server.close(), 'the server to close')
      assert.equal(await closed, 'shutdown')
      assert.equal(server.server.listening, false)
    },
  },
  {
    name: "S35: the framework's own close ends the open streams",
    appliesTo: ({ drainsOnClose }) => drainsOnClose === true,
    async run(trial) {
      const { server, client, stream } = await trial.open()
      stream.send({ data: 1 })
      await client.received(1)
      await within(server.close(), 'the server to close')
      assert.equal(stream.closed, 'shutdown')
      await client.ended()
      assert.match(client.raw.toString(), /^retry: \d+\n\ndata: 1\n\nretry: \d+\n\n$/)
    },
  },
]
