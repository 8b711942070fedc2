import { integer, type OptionChecks, resolveOptions } from '../wire/options.ts'
import { SseError } from '../wire/sse-error.ts'
import type {
  AppendOptions,
  Entry,
  EventLog,
  Position,
  ReadOptions,
  ReadResult,
  TailHandlers,
  TailOptions,
} from './event-log.ts'
import { MemoryHistory } from './memory-history.ts'
import { MemoryTail } from './memory-tail.ts'
import { type ResolvedRetention, type Retention, resolveRetention, retentionDefaults } from './retention.ts'

export interface MemoryLogOptions {
  /**
   * Memory that all channels of this log may take together, in bytes. Default 64 MiB; the channels unused longest give way. Channels
   * without events are not counted; of those that nobody follows 10,000 are kept.
   */
  readonly maxTotalBytes?: number | undefined
}

interface ResolvedMemoryLogOptions {
  readonly maxTotalBytes: number
}

const defaults: ResolvedMemoryLogOptions = { maxTotalBytes: 64 * 1024 * 1024 }
const checks: OptionChecks<ResolvedMemoryLogOptions> = { maxTotalBytes: integer(1, Number.MAX_SAFE_INTEGER) }
/** How often channels are looked at for `idleMs`. */
const idleLookMs = 60_000
/** A channel that was used within this time may just be opening. */
const freshMs = 10_000
/** Channels kept that have neither entries nor tails: those used last. */
const maxUnused = 10_000
/** Channels looked at in one go, for those that can be forgotten. */
const lookedAtOnce = 64
/** Retentions remembered, of channels that were forgotten: those forgotten last. */
const maxRetentions = 10_000

/**
 * The log of one process: nothing survives a restart, and a client that comes back afterwards is told so.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function createMemoryLog(options?: MemoryLogOptions): EventLog {
  return new MemoryLog(resolveOptions('createMemoryLog()', options, defaults, checks))
}

class MemoryLog implements EventLog {
  readonly #maxTotalBytes: number
  readonly #histories = new Map<string, MemoryHistory>()
  /** Those that may have entries, in the order of their last append: where room is made. */
  readonly #filled = new Map<string, MemoryHistory>()
  /** The last of them, as long as it is. */
  #lastFilled: MemoryHistory | undefined
  /** What channels that were forgotten for being idle are to keep when they are used again. */
  readonly #retentions = new Map<string, ResolvedRetention>()
  readonly #tails = new Map<string, Set<MemoryTail>>()
  #totalBytes = 0
  #idleLookAt = 0
  #isClosed = false

  constructor({ maxTotalBytes }: ResolvedMemoryLogOptions) {
    this.#maxTotalBytes = maxTotalBytes
  }

  async append(channel: string, entry: Entry, options: AppendOptions = {}): Promise<Position> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    const history = this.#history(channel)
    const before = history.byteCount
    const position = history.append(channel, entry, options)
    this.#totalBytes += history.byteCount - before
    if (history !== this.#lastFilled) {
      this.#filled.delete(channel)
      this.#filled.set(channel, history)
      this.#lastFilled = history
    }
    this.#forgetIdle(history.touchedAt)
    this.#makeRoom()
    return position
  }

  async read(channel: string, options: ReadOptions): Promise<ReadResult> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    const history = this.#history(channel)
    const before = history.byteCount
    const result = history.read(options)
    this.#totalBytes += history.byteCount - before
    return result
  }

  async tail(channel: string, { after, signal }: TailOptions, handlers: TailHandlers): Promise<void> {
    this.#assertOpen()
    if (signal.aborted) return
    const tails = this.#tails.get(channel) ?? new Set()
    this.#tails.set(channel, tails)
    const tail = new MemoryTail(handlers)
    tails.add(tail)
    tail.follow(this.#history(channel), after)
    await new Promise<void>((resolve) => {
      tail.onStop = resolve
      // What was there already may have been enough for whoever follows.
      if (signal.aborted) tail.stop()
      else signal.addEventListener('abort', () => tail.stop(), { once: true })
    })
    tails.delete(tail)
    if (tails.size === 0) this.#tails.delete(channel)
    this.#histories.get(channel)?.touch()
  }

  async configure(channel: string, { retention }: { readonly retention: Retention }): Promise<void> {
    this.#assertOpen()
    const history = this.#history(channel)
    const before = history.byteCount
    history.retention = resolveRetention(retention)
    history.trim()
    this.#totalBytes += history.byteCount - before
  }

  async delete(channel: string): Promise<void> {
    this.#assertOpen()
    this.#retentions.delete(channel)
    this.#forget(channel)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const tails of this.#tails.values()) for (const tail of tails) tail.stop()
    this.#histories.clear()
    this.#filled.clear()
    this.#lastFilled = undefined
    this.#retentions.clear()
    this.#totalBytes = 0
  }

  #history(channel: string): MemoryHistory {
    let history = this.#histories.get(channel)
    if (history === undefined) {
      history = new MemoryHistory()
      history.retention = this.#retentions.get(channel) ?? history.retention
      this.#retentions.delete(channel)
      this.#histories.set(channel, history)
      this.#forgetUnused(history.touchedAt)
    }
    return history
  }

  #forget(channel: string): void {
    const history = this.#histories.get(channel)
    if (history === undefined) return
    this.#histories.delete(channel)
    this.#unfill(channel)
    this.#totalBytes -= history.byteCount
    const tails = this.#tails.get(channel)
    if (tails === undefined) return
    const next = this.#history(channel)
    next.retention = history.retention
    for (const tail of tails) tail.follow(next)
  }

  /** The channels appended to longest ago lose their oldest entries first. */
  #makeRoom(): void {
    if (this.#totalBytes <= this.#maxTotalBytes) return
    for (const [channel, history] of this.#filled) {
      while (!history.isEmpty && this.#totalBytes > this.#maxTotalBytes) {
        const before = history.byteCount
        history.dropOldest()
        this.#totalBytes += history.byteCount - before
      }
      if (history.isEmpty) this.#unfill(channel)
      if (this.#totalBytes <= this.#maxTotalBytes) return
    }
  }

  /** Forgets channels that have nothing and nobody, where there are too many. Some are looked at; the next call goes on behind them. */
  #forgetUnused(now: number): void {
    let lookedAt = 0
    for (const [channel, history] of this.#histories) {
      const unusedCount = this.#histories.size - this.#filled.size - this.#tails.size
      if (unusedCount <= maxUnused || lookedAt === lookedAtOnce) return
      lookedAt += 1
      if (history.isEmpty && !this.#tails.has(channel) && now - history.touchedAt > freshMs) {
        this.#forgetForNow(channel, history)
      } else {
        this.#histories.delete(channel)
        this.#histories.set(channel, history)
      }
    }
  }

  #unfill(channel: string): void {
    this.#filled.delete(channel)
    this.#lastFilled = undefined
  }

  #forgetIdle(now: number): void {
    if (now < this.#idleLookAt) return
    this.#idleLookAt = now + idleLookMs
    for (const [channel, history] of this.#histories) {
      const { idleMs } = history.retention
      const isIdle = idleMs !== false && now - history.touchedAt > idleMs
      if (isIdle && !this.#tails.has(channel)) {
        this.#forgetForNow(channel, history)
      } else {
        const before = history.byteCount
        history.trim()
        this.#totalBytes += history.byteCount - before
      }
    }
  }

  /** Forgets a channel but for what is to be kept of it. */
  #forgetForNow(channel: string, { retention }: MemoryHistory): void {
    this.#forget(channel)
    if (retention === retentionDefaults) return
    this.#retentions.set(channel, retention)
    for (const oldest of this.#retentions.keys()) {
      if (this.#retentions.size <= maxRetentions) return
      this.#retentions.delete(oldest)
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SseError('ERR_SSE_LOG_CLOSED', 'This in-memory log was closed.')
  }
}
