import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createH2cServer, createSecureServer, type Http2Session } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import {
  createSse,
  type EventStream,
  type Sse,
  type SseOptions,
  type StreamRequest,
  type StreamResponse,
} from '../../src/index.ts'
import { certificate } from './certificate.ts'

export type Protocol = 'http' | 'https' | 'h2c' | 'h2'

/** What a test's server does with each request. */
export type Answer = (request: StreamRequest, response: StreamResponse, sse: Sse) => unknown

/** A server of one test. It is closed, with all its connections, when the test is over. */
export interface SseServer {
  readonly origin: string
  readonly port: number
  readonly sse: Sse
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>
  close(): Promise<void>
}

/** Options that leave nothing to chance or to the clock: no heartbeat, `retry: 0` as first bytes. */
export const still = { retryMs: 0, heartbeatMs: false } as const satisfies SseOptions

const opened = new Set<SseServer>()

afterEach(async () => {
  await Promise.all([...opened].map((server) => server.close()))
})

export async function serve(
  answer: Answer,
  options: SseOptions = still,
  protocol: Protocol = 'http',
): Promise<SseServer> {
  const sse = createSse(options)
  const listener = (request: StreamRequest, response: StreamResponse) => void answer(request, response, sse)
  const server = createServerFor(protocol, listener)
  const sockets = new Set<Socket>()
  const sessions = new Set<Http2Session>()
  server.on(
    protocol === 'https' || protocol === 'h2' ? 'secureConnection' : 'connection',
    (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    },
  )
  server.on('session', (session: Http2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const result: SseServer = {
    origin: `${protocol === 'https' || protocol === 'h2' ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    sse,
    sockets,
    async close() {
      if (!opened.delete(result)) return
      const closed = once(server, 'close')
      server.close()
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  opened.add(result)
  return result
}

function createServerFor(
  protocol: Protocol,
  listener: (request: StreamRequest, response: StreamResponse) => void,
) {
  if (protocol === 'h2c') return createH2cServer(listener)
  if (protocol === 'h2') return createSecureServer(certificate, listener)
  // Twice the same: each has a parameter type of its own for the listener.
  const http1Listener = (request: IncomingMessage, response: ServerResponse) => listener(request, response)
  if (protocol === 'https') return createTlsServer(certificate, http1Listener)
  return createServer(http1Listener)
}

/** The first stream that a server opens, as soon as it is open. */
export function firstStream(): { readonly opened: Promise<EventStream>; readonly open: Answer } {
  let resolve: (stream: EventStream) => void
  const opened = new Promise<EventStream>((onOpened) => {
    resolve = onOpened
  })
  return { opened, open: (request, response, sse) => resolve(sse.open(request, response)) }
}
