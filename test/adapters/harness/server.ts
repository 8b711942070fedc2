import { once } from 'node:events'
import type { Server } from 'node:net'

/** Listens on a free port of the loopback interface. */
export async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

/** Closes a server; resolves when its last connection has gone. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise((resolve) => {
    server.close(resolve)
    // Connections that are kept alive without a request, where the protocol has such.
    if ('closeIdleConnections' in server && typeof server.closeIdleConnections === 'function')
      server.closeIdleConnections()
  })
}
