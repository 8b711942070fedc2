import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as AnyServer } from 'node:net'

/** A server that runs until the test is over. */
export interface Served {
  readonly origin: string
  readonly port: number
}

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** Does something when the test is over. */
export function afterwards(close: () => Promise<unknown>): void {
  closing.push(close)
}

/** Starts an HTTP server on a free port. */
export async function serve(listener: RequestListener): Promise<Served> {
  return listen(createServer(listener))
}

/** Listens on a free port; `scheme` is what its addresses begin with. */
export async function listen(server: Server | AnyServer, scheme = 'http'): Promise<Served> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server's
  const sockets = new Set<{ destroy(): unknown }>()
  server.on('connection', (socket) => sockets.add(socket))
  afterwards(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { origin: `${scheme}://127.0.0.1:${port}`, port }
}

/** A stream that writes `block(n)` every so often, n being 1, 2, 3 …, without any of the headers that keep buffers off. */
export function ticking(
  everyMs: number,
  block: (n: number) => string,
  headers: Record<string, string> = {},
): RequestListener {
  return (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', ...headers })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    response.flushHeaders()
    let n = 0
    const timer = setInterval(() => {
      n += 1
      response.write(block(n))
    }, everyMs)
    response.on('close', () => clearInterval(timer))
  }
}
