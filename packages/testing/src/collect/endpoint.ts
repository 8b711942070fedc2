import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { isIPv6, Server, type Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { SseError } from '@rivulet/core'

/** What `collect` needs of a Fastify instance. */
export interface FastifyLike {
  readonly server: Server
  ready(): PromiseLike<unknown>
}

/**
 * Where a stream can be collected from: an Express app or any other request listener, a Fastify instance, a server of
 * `node:http`, `node:https` or `node:http2`, or the URL of something that runs already.
 */
export type CollectTarget =
  | ((request: IncomingMessage, response: ServerResponse) => unknown)
  | FastifyLike
  | Server
  | URL
  | string

/** Where requests go. */
export interface Endpoint {
  readonly origin: string
  readonly isHttp2: boolean
  /** Resolves when the server has seen the connection from this port close; not there where the server is in another process. */
  hasLeft?(localPort: number): Promise<void>
  /** Gives the endpoint back. What was started for it is closed, together with every connection to it. */
  release(): Promise<void>
}

/** Finds out where a target listens; starts it on a free port of the loopback interface if it doesn't. */
export async function openEndpoint(target: CollectTarget): Promise<Endpoint> {
  if (typeof target === 'string' || target instanceof URL) return runningAt(target)
  if (typeof target === 'function') return serve(http.createServer(target))
  if (target instanceof Server) return serve(target)
  if (typeof target === 'object' && target !== null && 'ready' in target && 'server' in target) {
    await target.ready()
    // Not `listen()` of the instance: only closing it for good would undo that.
    return serve(target.server)
  }
  throw new SseError(
    'ERR_SSE_OPTION',
    'collect() takes an Express app, a Fastify instance, a request listener, a server or a URL.',
    { value: target },
  )
}

function runningAt(url: string | URL): Endpoint {
  const { origin, protocol } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new SseError('ERR_SSE_OPTION', `collect() takes URLs of http and https, not ${protocol}`, {
      value: url,
    })
  }
  return { origin, isHttp2: false, release: async () => {} }
}

/** A server that listens because of us. */
interface Lease {
  readonly listening: Promise<void>
  /** Collections under way: several may share one server. */
  holderCount: number
}

const leases = new WeakMap<Server, Lease>()

async function serve(server: Server): Promise<Endpoint> {
  const lease = leases.get(server) ?? (server.listening ? undefined : startLease(server))
  if (lease !== undefined) {
    lease.holderCount += 1
    await lease.listening
  }
  const sockets = socketsOf(server)
  let isReleased = false
  return {
    origin: originOf(server),
    isHttp2: !(server instanceof http.Server || server instanceof HttpsServer),
    async hasLeft(localPort) {
      await Promise.all([...sockets].filter(({ remotePort }) => remotePort === localPort).map(isClosed))
    },
    async release() {
      if (isReleased || lease === undefined) return
      isReleased = true
      lease.holderCount -= 1
      if (lease.holderCount === 0) await endLease(server)
    },
  }
}

const watched = new WeakMap<Server, Set<Socket>>()

/** The connections that a server has accepted since we first asked. */
function socketsOf(server: Server): Set<Socket> {
  const known = watched.get(server)
  if (known !== undefined) return known
  const sockets = new Set<Socket>()
  watched.set(server, sockets)
  const onConnection = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', onConnection)
  server.once('close', () => {
    watched.delete(server)
    server.off('connection', onConnection)
  })
  return sockets
}

function isClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

function startLease(server: Server): Lease {
  socketsOf(server)
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const lease = { listening, holderCount: 0 }
  leases.set(server, lease)
  return lease
}

/** Resolves when the server is closed and its handlers have seen their clients leave. */
async function endLease(server: Server): Promise<void> {
  leases.delete(server)
  const sockets = [...socketsOf(server)]
  await Promise.all([
    ...sockets.map(isClosed),
    new Promise((resolve) => {
      server.close(resolve)
      for (const socket of sockets) socket.destroy()
    }),
  ])
}

function originOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new SseError('ERR_SSE_OPTION', 'collect() takes servers that listen on a TCP port.', {
      value: address,
    })
  }
  const everywhere: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  const host = everywhere[address.address] ?? address.address
  const scheme = server instanceof TlsServer ? 'https' : 'http'
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${address.port}`
}
