import type { IncomingHttpHeaders } from 'node:http'

/** One request. */
export interface Request {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Status and headers of a response. */
export interface Head {
  readonly status: number
  readonly httpVersion: '1.0' | '1.1' | '2'
  /** By their names in lower case. */
  readonly headers: IncomingHttpHeaders
  /** When it came, by `performance.now()`. */
  readonly at: number
}

/**
 * How a response ended: `ended` as the protocol has it, or `cut` in the middle, with what the connection said to that.
 * `unmarked` ends cannot be told from cuts: the body had neither length nor chunks.
 */
export interface Ending {
  readonly how: 'ended' | 'unmarked' | 'cut'
  readonly reason: string
  readonly at: number
}

/** Who hears of a response, in the order head, bytes, end. After `close` nothing is called any more. */
export interface ExchangeListener {
  onHead(head: Head): void
  onBytes(bytes: Buffer, at: number): void
  onEnd(ending: Ending): void
}

/** A request under way. */
export interface Exchange {
  /** Hangs up. */
  close(): void
}
