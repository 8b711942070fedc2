import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

/** What TLS agreed on. */
export interface TlsFacts {
  readonly version: string
  /** Why the certificate is not valid, where `insecure` made us go on all the same. */
  readonly refusal: string | null
  /** Days until the certificate expires, rounded down. */
  readonly daysLeft: number | null
}

/** A connection on which one request can be made. */
export interface Connection {
  readonly socket: Socket
  readonly protocol: 'h2' | 'http/1.1'
  readonly address: string
  readonly connectMs: number
  readonly tls: TlsFacts | null
}

/** Why there is no connection. */
export class ConnectError extends Error {
  readonly phase: 'lookup' | 'connect' | 'tls'
  /** Node's code, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
  readonly code: string

  constructor(phase: ConnectError['phase'], code: string, message: string) {
    super(message)
    this.phase = phase
    this.code = code
  }
}

export interface ConnectOptions {
  readonly insecure: boolean
  readonly http1: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Connects to the server of a URL. Over TLS both protocols are offered, as browsers do.
 *
 * @throws (rejects) ConnectError
 */
export async function connect(url: URL, options: ConnectOptions): Promise<Connection> {
  const startedAt = performance.now()
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const tcp = connectTcp({ host, port, noDelay: true })
  await opened(tcp, 'connect', 'connect', options)
  const connectMs = performance.now() - startedAt
  const facts = { address: tcp.remoteAddress ?? host, connectMs }
  if (url.protocol === 'http:') return { ...facts, socket: tcp, protocol: 'http/1.1', tls: null }
  const socket = connectTls({
    socket: tcp,
    ALPNProtocols: options.http1 ? ['http/1.1'] : ['h2', 'http/1.1'],
    rejectUnauthorized: !options.insecure,
    ...(isIP(host) === 0 ? { servername: host } : { host }),
  })
  await opened(socket, 'secureConnect', 'tls', options)
  return {
    ...facts,
    socket,
    protocol: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1',
    tls: tlsFacts(socket),
  }
}

function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  phase: ConnectError['phase'],
  { timeoutMs, signal }: ConnectOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => onError(Object.assign(new Error('stopped'), { code: 'ABORT_ERR' }))
    const timer = setTimeout(
      () => onError(Object.assign(new Error(`no answer in ${timeoutMs} ms`), { code: 'ETIMEDOUT' })),
      timeoutMs,
    )
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off(event, onOpened)
      socket.off('error', onError)
      socket.off('close', onClose)
    }
    const onOpened = () => {
      settle()
      resolve()
    }
    const onClose = () => onError(Object.assign(new Error('the other side hung up'), { code: 'ECONNRESET' }))
    const onError = (error: NodeJS.ErrnoException) => {
      settle()
      socket.on('error', () => undefined) // what a socket that is given up says later is no news
      socket.destroy()
      const { code = 'UNKNOWN' } = error
      reject(new ConnectError(/^EAI_|^ENOTFOUND/.test(code) ? 'lookup' : phase, code, messageOf(error)))
    }
    socket.once(event, onOpened)
    socket.once('error', onError)
    socket.once('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

/** Trying several addresses gives an AggregateError without a message of its own. */
function messageOf(error: NodeJS.ErrnoException): string {
  if (!(error instanceof AggregateError)) return error.message
  return error.errors.map((one: Error) => one.message).join('; ')
}

function tlsFacts(socket: TLSSocket): TlsFacts {
  const { valid_to: validTo } = socket.getPeerCertificate()
  const expiresAt = validTo === undefined ? Number.NaN : Date.parse(validTo)
  const { authorized, authorizationError } = socket
  return {
    version: socket.getProtocol() ?? 'unknown',
    refusal: authorized ? null : String(authorizationError ?? 'not valid'),
    daysLeft: Number.isNaN(expiresAt) ? null : Math.floor((expiresAt - Date.now()) / 86_400_000),
  }
}
