import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Channel, createChannel, createMemoryLog, createSse, type Sse } from '@rivulet/core'
import { collect } from '@rivulet/testing'

/** An application with one channel, and what its clients do. */
export interface App {
  readonly channel: Channel
  readonly events: Sse
  /** Collects from the stream and leaves. */
  visit(lastEventId?: string, count?: number): Promise<string>
  close(): Promise<void>
}

let appCount = 0

export async function startApp(): Promise<App> {
  appCount += 1
  const channel = createChannel(`measured ${appCount}`, {
    log: createMemoryLog(),
    retention: { maxEvents: 5 },
  })
  const events = createSse({ limits: { maxStreams: 3 } })
  const server = createServer((request, response) => {
    events.open(request, response).subscribe(channel)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    channel,
    events,
    async visit(lastEventId, count = 0) {
      const enough = count === 0 ? { until: ({ event }: { event: string }) => event === '$ready' } : { count }
      const stream = await collect(`http://127.0.0.1:${port}`, '/', {
        ...enough,
        ...(lastEventId === undefined ? {} : { lastEventId }),
      })
      return stream.lastEventId ?? ''
    },
    async close() {
      await events.close()
      await new Promise((resolve) => server.close(resolve))
      channel.close()
    },
  }
}

/**
 * A life with something of everything: two clients that leave, one of which had to be told of a gap, and one that replays two
 * of the ten events.
 */
export async function live({ channel, events, visit }: App): Promise<void> {
  const ids: string[] = []
  for (let n = 1; n <= 10; n += 1) ids.push((await channel.publish({ data: { n } })).id)
  await visit(ids[0], 5)
  await visit(ids[7], 2)
  await gone(events)
}

/** Until the server has seen all clients leave. */
async function gone(events: Sse): Promise<void> {
  while (events.streams.size > 0) await new Promise((resolve) => setImmediate(resolve))
}
