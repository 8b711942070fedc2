import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { type Case, closeOf, holding } from '../trial.ts'
import { turns } from '../within.ts'

// Durations are short and only ever too long on a busy machine: nothing here asserts that something was quick.

/** Heartbeats, and streams that end by the clock. */
export const timingCases: readonly Case[] = [
  {
    name: 'S24, S25: writes a heartbeat when nothing else is written, again and again',
    async run(trial) {
      const { client, stream } = await trial.open({ heartbeatMs: 30, retryMs: false })
      assert.deepEqual(await client.commented(4), ['', '', '', ''])
      stream.send({ data: 1 })
      await client.received(1)
      await client.commented(6)
      assert.match(client.raw.toString(), /^(:\n\n){4,}data: 1\n\n(:\n\n)+$/)
    },
  },
  {
    name: 'S24: puts the heartbeat off while there is traffic',
    async run(trial) {
      const heartbeatMs = 60
      const { client, stream } = await trial.open({ heartbeatMs })
      let sentAt = 0
      for (let n = 1; n <= 20; n += 1) {
        sentAt = performance.now()
        stream.send({ data: n })
        await client.received(n)
        // Those that were on their way before it have come before it.
        const heartbeatCount = client.comments.length
        await delay(10)
        const isHeartbeatDue = performance.now() - sentAt >= heartbeatMs * 0.8
        if (!isHeartbeatDue) assert.equal(client.comments.length, heartbeatCount)
      }
      await client.commented(client.comments.length + 1)
      assert.ok(performance.now() - sentAt >= heartbeatMs * 0.8, 'a heartbeat came too early')
    },
  },
  {
    name: 'S24: heartbeats can be turned off',
    async run(trial) {
      const { route, streams } = holding({ heartbeatMs: false })
      const beating = holding({ heartbeatMs: 30 })
      const server = await trial.start({ '/': route, '/beating': beating.route })
      const quiet = server.request('/')
      const stream = await streams.take()
      await server.request('/beating').commented(3)
      stream.send({ data: 1 })
      await quiet.received(1)
      assert.deepEqual(quiet.comments, [])
    },
  },
  {
    name: 'S36: hangs up at maxAgeMs, behind a complete block',
    async run(trial) {
      const openedAt = performance.now()
      const { client, stream } = await trial.open({ maxAgeMs: 100 })
      stream.send({ data: 'a\nb' })
      assert.equal(await closeOf(stream), 'age')
      assert.ok(performance.now() - openedAt >= 80)
      await client.ended()
      assert.equal(client.events.length, 1)
    },
  },
  {
    name: 'S36: does not rotate streams without a subscription unless told to',
    async run(trial) {
      const { route, streams } = holding()
      const rotating = holding({ maxAgeMs: 30 })
      const server = await trial.start({ '/': route, '/rotating': rotating.route })
      server.request('/')
      const stream = await streams.take()
      await server.request('/rotating').ended()
      assert.equal(stream.closed, null)
    },
  },
  ...(['Date', 'number'] as const).map(
    (kind): Case => ({
      name: `S36: hangs up at expiresAt, a ${kind}`,
      async run(trial) {
        const at = Date.now() + 80
        const { client, stream } = await trial.open({ expiresAt: kind === 'Date' ? new Date(at) : at })
        assert.equal(await closeOf(stream), 'expired')
        assert.ok(Date.now() >= at)
        await client.ended()
      },
    }),
  ),
  {
    name: 'S36: an expiresAt in the past hangs up at once, which no handler has to know',
    async run(trial) {
      const { client, stream } = await trial.open({ expiresAt: Date.now() - 1_000 })
      assert.equal(await closeOf(stream), 'expired')
      await client.ended()
      assert.equal(client.status, 200)
    },
  },
  {
    name: 'S36: a moment far away is far away',
    async run(trial) {
      const { client, stream } = await trial.open({ expiresAt: Date.now() + 1e12, heartbeatMs: 20 })
      await client.commented(2)
      await turns()
      assert.equal(stream.closed, null)
    },
  },
]
