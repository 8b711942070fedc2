import { Recording } from '../recording/recording.ts'
import { ConnectError, type Connection, connect } from '../transport/connect.ts'
import { createDecoder, type Decoder } from '../transport/decoder.ts'
import { exchange } from '../transport/exchange.ts'
import type { Ending, Exchange, Head, Request } from '../transport/message.ts'
import type { Redirect, Watched } from './watched.ts'

export interface WatchOptions {
  readonly insecure: boolean
  readonly http1: boolean
  /** How long to wait for a connection. */
  readonly connectMs: number
  readonly signal: AbortSignal
  /** Called whenever something has come, and when it is over. */
  readonly onChange?: () => void
}

const maxRedirects = 20
const redirectStatuses = new Set([301, 302, 303, 307, 308])

/** Makes one request and writes down what comes, following redirects as browsers do. */
export class Watch implements Watched {
  url: URL
  redirects: Redirect[] = []
  requestedAt = performance.now()
  connection: Connection | null = null
  failure: ConnectError | null = null
  head: Head | null = null
  recording = new Recording()
  ending: Ending | null = null
  stoppedAt = 0
  codingError: string | null = null
  /** Resolves when there is nothing more to come: the response ended, there is no connection, or `stop()` was called. */
  readonly over: Promise<void>
  readonly #options: WatchOptions
  #exchange: Exchange | undefined
  #finish: () => void = () => {}

  constructor(request: Request, options: WatchOptions) {
    this.url = request.url
    this.#options = options
    this.over = new Promise((resolve) => {
      this.#finish = resolve
    })
    options.signal.addEventListener('abort', this.stop, { once: true })
    void this.#send(request)
  }

  get isOver(): boolean {
    return this.stoppedAt !== 0
  }

  /** Hangs up. What came stays. */
  readonly stop = (): void => {
    if (this.isOver) return
    this.stoppedAt = performance.now()
    this.#options.signal.removeEventListener('abort', this.stop)
    this.#exchange?.close()
    this.#finish()
    this.#options.onChange?.()
  }

  async #send(request: Request): Promise<void> {
    this.url = request.url
    const { connectMs, ...options } = this.#options
    try {
      const connection = await connect(request.url, { ...options, timeoutMs: connectMs })
      this.connection = connection
      this.requestedAt = performance.now()
      if (this.isOver) connection.socket.destroy()
      else this.#listen(connection, request)
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error
      if (error.code !== 'ABORT_ERR') this.failure = error
      this.stop()
    }
  }

  #listen(connection: Connection, request: Request): void {
    let decoder: Decoder | null = null
    this.#exchange = exchange(connection, request, {
      onHead: (head) => {
        const next = this.#redirectOf(head, request)
        if (next !== null) {
          this.#exchange?.close()
          void this.#send(next)
          return
        }
        this.head = head
        decoder = this.#decoderFor(head)
        this.#options.onChange?.()
      },
      onBytes: (bytes) => decoder?.write(bytes),
      onEnd: (ending) => {
        const settle = () => {
          if (this.isOver) return
          this.ending = ending
          this.stop()
        }
        if (decoder === null) settle()
        else decoder.end(settle)
      },
    })
  }

  #decoderFor({ headers }: Head): Decoder | null {
    const coding = (headers['content-encoding'] ?? '').trim().toLowerCase()
    const decoder = createDecoder(
      coding,
      (bytes) => {
        if (this.isOver) return
        this.recording.write(bytes, performance.now())
        this.#options.onChange?.()
      },
      (message) => {
        this.codingError ??= message
      },
    )
    if (decoder === null) this.codingError = `${coding} was not asked for`
    return decoder
  }

  /** The request that follows a redirect, or `null` where there is none to follow. */
  #redirectOf(head: Head, request: Request): Request | null {
    const { location } = head.headers
    if (!redirectStatuses.has(head.status) || location === undefined) return null
    const from = request.url
    this.redirects.push({ status: head.status, from, to: location })
    if (this.redirects.length > maxRedirects || !URL.canParse(location, from.href)) return null
    const url = new URL(location, from)
    if (!/^https?:$/.test(url.protocol)) return null
    const turnsToGet = head.status === 303 || (head.status < 303 && request.method === 'POST')
    const isElsewhere = url.origin !== from.origin
    return {
      url,
      method: turnsToGet ? 'GET' : request.method,
      body: turnsToGet ? undefined : request.body,
      headers: isElsewhere ? withoutSecrets(request.headers) : request.headers,
    }
  }
}

/** What one site knows of us is not told to another. */
function withoutSecrets(headers: Request['headers']): Request['headers'] {
  const secrets = new Set(['cookie', 'authorization', 'proxy-authorization'])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secrets.has(name)))
}
