import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSse, type EventFields, type EventStream } from '@rivulet/core'

/** One request that the feed had, and how it ended for the server. */
export interface FeedRequest {
  readonly lastEventId: string | null
  readonly status: number
  readonly httpVersion: string
}

/** A server with one stream of numbered events, which it interrupts and finishes. */
export interface Feed {
  readonly origin: string
  readonly port: number
  readonly requests: readonly FeedRequest[]
  close(): Promise<void>
}

/** Event number at which the connection is dropped, and the last one there is. */
export const droppedAfter = 60
export const total = 120

/** What the event with this number says: texts that clients, proxies and buffers get wrong. */
export function textOf(number: number): string {
  const texts = [
    'plain',
    'two\nlines, and one more\n',
    ' leading space: data: id: event:',
    'Grüße, 世界 😀 \u2028\uFEFF',
    '',
    JSON.stringify({ number, nested: [null, 'a\r\nb'] }),
    'x'.repeat(40_000),
  ]
  return `${number} ${texts[number % texts.length]}`
}

/** Everything a client has to receive, in order. */
export const wholeFeed: readonly string[] = Array.from({ length: total }, (_, index) => textOf(index + 1))

function feedEvent(number: number): EventFields {
  return { event: 'item', id: number, data: textOf(number) }
}

const opened = new Set<Feed>()

afterEach(async () => {
  await Promise.all([...opened].map((feed) => feed.close()))
})

/**
 * Starts the feed. `/events` goes on after the client's last event id and is interrupted once; `/whole` is not. All other
 * paths are an empty page.
 *
 * @param onStream Instead of that, what to do with each stream.
 */
export async function startFeed(onStream?: (stream: EventStream) => unknown): Promise<Feed> {
  const sse = createSse({ retryMs: 5, heartbeatMs: false })
  const requests: FeedRequest[] = []
  const server = createServer((request, response) => {
    if (!isStream(request)) {
      response.setHeader('Content-Type', 'text/html')
      response.end('<link rel="icon" href="data:," />')
      return
    }
    const stream = sse.open(request, response)
    const { lastEventId } = stream
    requests.push({ lastEventId, status: response.statusCode, httpVersion: request.httpVersion })
    if (stream.closed === null) void (onStream ?? tell)(stream, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server's
  const feed: Feed = {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    async close() {
      opened.delete(feed)
      server.close()
      await sse.close()
      server.closeAllConnections()
    },
  }
  opened.add(feed)
  return feed
}

function isStream({ url }: IncomingMessage): boolean {
  return url === '/events' || url === '/whole'
}

async function tell(stream: EventStream, request: IncomingMessage): Promise<void> {
  const first = Number(stream.lastEventId ?? 0) + 1
  const isInterrupted = request.url === '/events' && first <= droppedAfter
  const last = isInterrupted ? droppedAfter : total
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  await stream.pipe(numbers, feedEvent)
  if (isInterrupted) stream.close()
  else stream.end()
}
