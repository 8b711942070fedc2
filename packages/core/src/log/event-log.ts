import type { Retention } from './retention.ts'

/** One thing in a log: an event, or the mark that nothing more will come. Never changed once it is stored. */
export interface Entry {
  /** Version of this shape. */
  readonly v: 1
  readonly kind: 'event' | 'end'
  /** Event type; left out for the default type. */
  readonly event?: string | undefined
  /** The payload as it goes on the wire: text, mostly JSON. */
  readonly data: string
  /** Who should hear it; empty: only subscribers to everything. */
  readonly topics: readonly string[]
  /** When it was published, in milliseconds since 1970, by the publisher's clock. */
  readonly at: number
  /** Four random characters of `[A-Za-z0-9]`: tells this entry from another that has its offset in another history. */
  readonly check: string
}

/** An entry with its place in the channel's log. */
export interface StoredEntry extends Entry {
  /** 1, 2, 3 … per channel and epoch, without holes. */
  readonly offset: number
}

/** A place in a channel's log: right after the entry with that offset. Offset 0 with check `0` is before the first. */
export interface Position {
  /** Names the history: 1 to 6 characters of `[A-Za-z0-9]`. */
  readonly epoch: string
  readonly offset: number
  /** The `check` of the entry at `offset`. */
  readonly check: string
}

/** Where a read begins: after a position, at the oldest entry there is, or after the newest. */
export type ReadAfter = Position | 'start' | 'head'

export interface ReadOptions {
  readonly after: ReadAfter
  /** At most that many entries; 0 asks for the bounds alone. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
}

export interface ReadResult {
  /** In order, without holes, the first at `after.offset + 1`. Fewer than `limit`: the head was reached. */
  readonly entries: readonly StoredEntry[]
  /** Offset of the oldest entry that can be read; `head + 1` where there is none. */
  readonly first: number
  /** Offset of the newest entry, also if it was trimmed since; 0 where there never was one. */
  readonly head: number
  readonly epoch: string
  /** Where `entries` begin: the position asked for, or, where that was `invalid` or a word, the one it came down to. */
  readonly after: Position
  /** Whether the channel was ended; true for ever after, whatever was trimmed. */
  readonly ended: boolean
  /**
   * Set when the position asked for cannot be resumed from; `after` is then `first - 1`.
   *
   * - `expired`: of this history, but entries behind it were trimmed.
   * - `unknown`: of another history (epoch or check differ), or beyond the head.
   */
  readonly invalid?: 'expired' | 'unknown' | undefined
}

export interface TailOptions {
  readonly after: Position
  /** Ends the tail; nothing is called afterwards. */
  readonly signal: AbortSignal
}

/** What a tail calls. None of them throws. */
export interface TailHandlers {
  /** Every later entry, in order, once, without holes; in batches as they come. */
  entries(entries: readonly StoredEntry[]): void
  /**
   * The position that the tail had reached cannot be continued from (see `ReadResult.invalid`). The next entries follow
   * `after`, which is where the history that exists now begins.
   */
  reset(after: Position): void
  /** Following was interrupted. The log tries again by itself, with jittered back-off; this is for those who watch. */
  error(error: unknown): void
  /** After `error`: following works again. What was missed meanwhile has come, or comes now. */
  recovered?(): void
}

export interface AppendOptions {
  /** A second append with the same key within at least two minutes stores nothing and gives the first one's position. */
  readonly idempotencyKey?: string | undefined
  /** Gives up waiting. The entry may or may not be stored, once. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The contract of a log engine: an append-only log per channel name. One instance serves many channels, with one connection
 * for following them all.
 *
 * **Order.** Appends to one channel have one total order, which every reader and every tail of every process sees. Appends of one
 * instance to one channel are stored in the order of the calls, awaited or not, those that are stored at all.
 *
 * **Offsets** are dense: 1, 2, 3 … A position is valid when epoch and check agree and `first - 1 <= offset <= head`. To tell
 * that for `first - 1` and for the head of a log that was trimmed empty, a log keeps the check of the newest entry that it trimmed.
 *
 * **Histories.** The epoch is made when a channel is first touched, by `read` too, and changes whenever its log begins anew
 * (deleted, flushed, restored). Where an engine can lose its newest entries and go on under the same epoch, the checks tell.
 *
 * **Concurrency.** All methods may be called at any time, from any number of processes. `read` and `append` may take any time.
 *
 * **Failures** reject with an `SseError` whose code begins with `ERR_SSE_LOG_`, the engine's error as its cause; a rejected
 * append may or may not have been stored, once. Aborted calls reject with the signal's reason.
 *
 * **Ownership.** A log never closes a client object that it was handed; it closes what it opened itself.
 *
 * `@rivulet/testing` has a suite that proves all of this for any log.
 */
export interface EventLog {
  /**
   * Stores one entry, as durably as the engine is, and gives its position.
   *
   * @throws (rejects) SseError `ERR_SSE_CHANNEL_ENDED` after an entry of kind `end` was stored.
   */
  append(channel: string, entry: Entry, options?: AppendOptions): Promise<Position>
  /** Reads entries from a position on. What it gives is a state the log really had at some time during the call. */
  read(channel: string, options: ReadOptions): Promise<ReadResult>
  /**
   * Follows a channel from a position on, for ever: reconnects by itself and continues after the last entry delivered.
   *
   * @returns resolves when the signal was aborted and nothing more will be called.
   */
  tail(channel: string, options: TailOptions, handlers: TailHandlers): Promise<void>
  /** Sets how much of a channel is kept; takes effect at the latest with the next append. */
  configure(channel: string, options: { readonly retention: Retention }): Promise<void>
  /** Forgets a channel. Its next history has another epoch; whoever follows it gets `reset`. */
  delete(channel: string): Promise<void>
  /** Ends all tails and frees what the log opened. Later calls reject. */
  close(): Promise<void>
}

/** The check of the position before the first entry. */
export const startCheck = '0'
