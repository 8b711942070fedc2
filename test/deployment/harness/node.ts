import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Channel, createSse, type EventStream, type Sse, type SseOptions } from '@rivulet/core'

/** One of several servers behind a proxy: `/news` streams the channel, `/ready` is the guide's probe. */
export interface Node {
  readonly port: number
  readonly sse: Sse
  /** What each stream came with, in order. */
  readonly streams: readonly EventStream[]
  /** Refuses new connections; resolves when the last is gone. */
  stopListening(): Promise<void>
  close(): Promise<void>
}

const opened = new Set<Node>()

afterEach(async () => {
  await Promise.all([...opened].map((node) => node.close()))
})

/** @param port Default: any that is free. */
export async function startNode(
  name: string,
  channel: Channel,
  options: SseOptions = {},
  port = 0,
): Promise<Node> {
  const sse = createSse(options)
  const streams: EventStream[] = []
  const server = createServer((request, response) => {
    response.setHeader('X-Node', name)
    if (request.url === '/news') {
      const stream = sse.open(request, response)
      streams.push(stream)
      stream.subscribe(channel)
      return
    }
    response.statusCode = sse.health().reasons.includes('draining') ? 503 : 200
    response.setHeader('Content-Type', 'text/html')
    response.end('<link rel="icon" href="data:," />')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const node: Node = {
    port: (server.address() as AddressInfo).port, // a TCP server's
    sse,
    streams,
    stopListening: () => new Promise((resolve) => server.close(() => resolve())),
    async close() {
      opened.delete(node)
      server.close()
      await sse.close()
      server.closeAllConnections()
    },
  }
  opened.add(node)
  return node
}
