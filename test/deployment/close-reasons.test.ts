import type { CloseReason } from '@rivulet/core'
import { createChannel, createMemoryLog } from '@rivulet/core'
import { collectMetrics } from '@rivulet/metrics/prometheus'
import { Registry } from 'prom-client'
import { get, startWorld, type World, type WorldOptions } from './harness/closing-world.ts'
import { until } from './harness/until.ts'

jest.setTimeout(60_000)

interface Case extends WorldOptions {
  /** Makes one stream close for the reason. */
  bringAbout(world: World): unknown
}

const text = 'x'.repeat(64 * 1024)
const failure = new Error('a handler failed')
const aFewMs = 200

/** A handler under which the stream stays open. */
const never = () => new Promise<void>(() => {})

/** How each reason comes about, for real. The type demands all of them. */
const cases: Readonly<Record<CloseReason, Case>> = {
  client: {
    async bringAbout({ ask, opened }) {
      const socket = ask()
      await opened(1)
      socket.destroy()
    },
  },
  server: {
    onStream: (stream) => stream.close(),
    bringAbout: ({ ask }) => ask(),
  },
  end: {
    onStream: (stream) => stream.end(),
    bringAbout: ({ ask }) => ask(),
  },
  slow: {
    options: { maxBufferedBytes: 100_000 },
    onStream(stream) {
      const send = () => {
        // In turns of their own, so that the kernel's buffers fill up and what more there is waits here.
        for (let count = 0; count < 16; count += 1) stream.send({ data: text })
        if (stream.closed === null) setImmediate(send)
      }
      send()
    },
    bringAbout: ({ ask }) => ask().pause(),
  },
  stalled: {
    options: { stallMs: 1_000 },
    async bringAbout({ askFromProcess, opened, streams }) {
      const channel = createChannel('traffic', { log: createMemoryLog() })
      const client = askFromProcess()
      await opened(1)
      streams[0]?.subscribe(channel)
      client.kill('SIGSTOP')
      while (streams[0]?.closed === null) {
        await channel.publish({ data: text })
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    },
  },
  age: {
    options: { maxAgeMs: aFewMs },
    bringAbout: ({ ask }) => ask(),
  },
  expired: {
    streamOptions: () => ({ expiresAt: Date.now() + aFewMs }),
    bringAbout: ({ ask }) => ask(),
  },
  limit: {
    options: { limits: { maxStreams: 1 } },
    async bringAbout({ ask, opened }) {
      ask()
      await opened(1)
      ask()
    },
  },
  shutdown: {
    async bringAbout({ ask, opened, sse }) {
      ask()
      await opened(1)
      await sse.close()
    },
  },
  refused: {
    bringAbout: ({ ask }) => ask(get.replace('GET', 'HEAD')),
  },
  error: {
    options: { onError: () => {} },
    handler: () => Promise.reject(failure),
    bringAbout: ({ ask }) => ask(),
  },
}

test.each(Object.entries(cases))(
  'closed as %s, told so once on rivulet:stream.close, and counted under that reason',
  async (reason, { bringAbout, ...options }) => {
    const registry = new Registry()
    const metrics = collectMetrics({ registry })
    const world = await startWorld({
      handler: options.onStream === undefined ? never : undefined,
      ...options,
    })
    await bringAbout(world)
    await until(() => world.closes.length > 0, 'the message')
    const [message] = world.closes
    expect(message?.reason).toBe(reason)
    expect(message?.stream.closed).toBe(reason)
    expect(world.streams).toContain(message?.stream)
    expect(await registry.metrics()).toContain(`rivulet_streams_closed_total{reason="${reason}"} 1\n`)
    metrics.stop()
    const isBornClosed = reason === 'limit' || reason === 'refused'
    if (isBornClosed) expect(message).toMatchObject({ ageMs: 0, eventCount: 0, byteCount: 0 })
    else expect(message?.ageMs).toBeGreaterThan(0)
    // The events of `slow` and `stalled`, and `$end`.
    if (['slow', 'stalled', 'end'].includes(reason)) expect(message?.eventCount).toBeGreaterThan(0)
    // Once for this stream, whatever happens to its connection.
    await world.close()
    expect(world.closes.filter(({ stream }) => stream === message?.stream).length).toBe(1)
  },
)
