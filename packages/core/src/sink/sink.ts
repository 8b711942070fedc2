import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Frame } from './frame.ts'

/** A request of `node:http`, of `node:http2`'s compatibility API, or of a framework that extends one of them. */
export type StreamRequest = IncomingMessage | Http2ServerRequest
/** A response of `node:http`, of `node:http2`'s compatibility API, or of a framework that extends one of them. */
export type StreamResponse = ServerResponse | Http2ServerResponse

/** Header values by name, as Node takes them. */
export type HeaderValues = Readonly<Record<string, OutgoingHttpHeader>>

/**
 * How the bytes of one response leave the process.
 *
 * Writes are in call order, whole frames, and never throw. Nothing may be written once the sink `isEnded`: whoever writes looks,
 * each time, since anybody may end a response.
 */
export interface Sink {
  /** Bytes accepted here that the kernel has not taken yet. */
  readonly bufferedBytes: number
  /** The response was ended, by us or by somebody else; its last bytes may still be going out. */
  readonly isEnded: boolean
  /** There is no peer any more. */
  readonly isGone: boolean
  /**
   * A number that changes only when a write was completed. A backlog with an unchanged number is a peer that does not read.
   * `NaN`, which is never the same as before, while the peer has no say in it.
   */
  readonly completedBytes: number
  /** Writes the first block, ASCII only, which takes the head along. As `write` otherwise. */
  begin(block: string): boolean
  /** Writes one frame. `false`: the buffer is full, a `drain` event of the response will follow. */
  write(frame: Frame): boolean
  /**
   * Writes a frame that nothing is likely to follow in this turn straight to the connection, which must have room for it.
   * `false`: nothing was written; look whether the sink `isEnded` or `isGone`, and `write`.
   */
  writeAtOnce(frame: Frame): boolean
  /** Looks at what `writeAtOnce` will look at, so that the processor has it at hand. The number means nothing. */
  touch(): number
  /** Where that is possible nothing leaves until `release`, which follows in the same turn. */
  hold(): void
  release(): void
  /** Ends the response; what was written before still goes out. With `last` the connection takes no more requests. */
  end(last: boolean): void
  /** Drops the connection (HTTP/1.1) or resets the stream (HTTP/2) with all that is still buffered. */
  destroy(): void
}
