import { createServer, type Server } from 'node:http'
import { type Channel, createSse, type SubscribeOptions } from '@rivulet/core'

/** A server whose only answer is a subscription, as a handler makes it. */
export interface WebServer extends AsyncDisposable {
  readonly url: string
}

/** Serves one channel on a free port. */
export async function serveChannel(channel: Channel, options: SubscribeOptions = {}): Promise<WebServer> {
  const sse = createSse()
  const server = createServer((request, response) => {
    sse.open(request, response).subscribe(channel, options)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    async [Symbol.asyncDispose]() {
      await sse.close({ graceMs: 0 })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
  return address.port
}
