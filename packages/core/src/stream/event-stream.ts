import type { AnyEvents, SendFields } from '../wire/event-map.ts'

/**
 * Why a stream is closed.
 *
 * - `client`: the client left, or its connection broke.
 * - `server`: `close()`, the `signal` option, or somebody ended the response.
 * - `end`: `end()`, or a finished stream was asked for again (204).
 * - `slow`: more than `maxBufferedBytes` would have waited for this client.
 * - `stalled`: no write was completed for `stallMs`.
 * - `age`: older than `maxAgeMs`. `expired`: `expiresAt` has come.
 * - `limit`: refused, there were too many. `shutdown`: refused or hung up while draining.
 * - `refused`: HEAD, or 406. `error`: the handler failed.
 */
export type CloseReason =
  | 'client'
  | 'server'
  | 'end'
  | 'slow'
  | 'stalled'
  | 'age'
  | 'expired'
  | 'limit'
  | 'shutdown'
  | 'refused'
  | 'error'

/** What `pipe` reads: any iterable, asynchronous or not, `Readable`s and web streams among them. Strings are refused. */
export type PipeSource<T> = AsyncIterable<T> | Iterable<T>

/** What can be subscribed to: channels implement it; the stream only hands itself over. */
export interface Subscribable<Options, Result> {
  /** @internal */
  attach(stream: EventStream, options: Options | undefined): Result
}

/**
 * One open response.
 *
 * A stream is closed exactly once, by whichever comes first. Nothing here throws because a client left: on a closed stream
 * `send` and `comment` return `false`, `drained` and `pipe` give `false`, `close` and `end` do nothing.
 *
 * @typeParam Events Payloads by event type for `send`.
 */
export interface EventStream<Events = AnyEvents> {
  /**
   * Writes one event at once.
   *
   * @returns `true`: go on. `false`: accepted, but wait for `drained()` before sending more; or closed (see `closed`), and
   * nothing was sent.
   * @throws SseError `ERR_SSE_EVENT`, `ERR_SSE_EVENT_RESERVED`, `ERR_SSE_ID`, `ERR_SSE_RETRY`, `ERR_SSE_DATA`,
   * `ERR_SSE_SCHEMA` for what the option `events` does not allow; on closed streams too: a bad field is a mistake in the program, whoever listens.
   */
  send(event: SendFields<Events>): boolean
  /**
   * Writes a comment block, which clients ignore.
   *
   * @returns as `send` does
   * @throws SseError `ERR_SSE_COMMENT` for anything but a string.
   */
  comment(text: string): boolean
  /** Resolves `true` when the backlog was handed to the kernel, `false` when the stream is closed. Never rejects. */
  drained(): Promise<boolean>
  /**
   * Sends each item of a source, waiting whenever this client is behind. When the client leaves, the source is told by
   * `return()` or `destroy()`, also while it is waiting for its next item. The stream stays open afterwards.
   *
   * @param map Makes an event of an item. Default: `(item) => ({ data: item })`.
   * @returns `true` when the source came to its end, `false` when the stream was closed first.
   * @throws (rejects) with what the source or `map` threw, after telling the source; with SseError `ERR_SSE_SOURCE` for
   * something that cannot be iterated; with what `send` throws.
   */
  pipe<T>(source: PipeSource<T>, map?: (item: T) => SendFields<Events>): Promise<boolean>
  /** Delivers a channel's events to this stream, from the cursor that the client brought. */
  subscribe<Options, Result>(channel: Subscribable<Options, Result>, options?: Options): Result
  /** Hangs up. What was sent still goes out; the client will reconnect and resume. */
  close(): void
  /** Finished for good: sends `$end` and hangs up. A standard EventSource that comes back is answered 204 and stops. */
  end(): void
  /** What the client brought as its last event id, in the header or the query (`lastEventId`); `null` if nothing. Untrusted. */
  readonly lastEventId: string | null
  /** `null` while open. */
  readonly closed: CloseReason | null
  /** Calls `listener` once when the stream is closed; at once if it is. Gives back a function that takes it off again. */
  onClose(listener: (reason: CloseReason) => unknown): () => void
  /** Aborted (with an `AbortError`) when the stream is closed: pass it to what works for this stream. Made when first asked for. */
  readonly signal: AbortSignal
  /** Bytes that wait in this process for this client; the kernel's buffers (up to some MB) come on top. */
  readonly bufferedBytes: number
  /** Events written so far, Rivulet's own included: not heartbeats, comments and hints. */
  readonly eventCount: number
  /** Bytes of the stream handed to the socket so far: blocks, without HTTP's own framing. */
  readonly byteCount: number
  /** Yours: the option `context`. */
  context: unknown
}
