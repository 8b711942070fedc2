import type { Position, ReadOptions, ReadResult, TailHandlers, TailOptions } from '../event-log.ts'
import { backOff } from './back-off.ts'
import type { LogMessage } from './message.ts'

/** Entries that a repair reads at a time. */
const pageEntries = 500
/** Messages kept while a repair reads; where there are more it reads once more. */
const maxHeld = 1_000
/** Checks kept of what repairs have read. */
const maxReadChecks = 2_000

/**
 * One follower of one channel, at the position that it has delivered. Messages carry it on for as long as each proves, by offset
 * and by the check before it, that it comes next. Whatever doesn't fit is repaired by reading from that position, which also
 * finds out whether the history is still the same.
 */
export class Tail {
  /** When it was last known to be where the log is, by `performance.now()`. */
  provenAt = performance.now()
  readonly #read: (options: ReadOptions) => Promise<ReadResult>
  readonly #handlers: TailHandlers
  readonly #signal: AbortSignal
  #delivered: Position
  #isRepairing = false
  #hasFailed = false
  #mustRepair = false
  /** What came since the read that is on its way was sent. */
  #held: LogMessage[] = []
  /** Checks of the newest entries that came by reading, by offset: their messages come later and are known by them. */
  readonly #readChecks = new Map<number, string>()

  constructor(
    read: (options: ReadOptions) => Promise<ReadResult>,
    { after, signal }: TailOptions,
    handlers: TailHandlers,
  ) {
    this.#read = read
    this.#delivered = after
    this.#signal = signal
    this.#handlers = handlers
  }

  /** A poll has seen this head of the log. */
  see(head: Position): void {
    const { epoch, offset, check } = this.#delivered
    if (head.epoch === epoch && head.offset === offset && head.check === check) {
      this.#prove()
    } else {
      this.repair()
    }
  }

  /** What was published to the channel. */
  take(message: LogMessage): void {
    if (this.#signal.aborted) return
    if (!this.#isRepairing) {
      if (!this.#accept(message)) this.repair()
    } else if (this.#held.length < maxHeld) {
      this.#held.push(message)
    } else {
      this.#mustRepair = true
    }
  }

  /** Reads on from what was delivered, for as long as there is more. */
  repair(): void {
    this.#mustRepair = true
    if (this.#isRepairing) return
    this.#isRepairing = true
    // Waiting ends by the signal's reason; fail() says nothing then.
    this.#repair().catch((error: unknown) => this.fail(error))
  }

  fail(error: unknown): void {
    if (this.#signal.aborted) return
    this.#hasFailed = true
    this.#handlers.error(error)
  }

  /** It is where the log is, as far as can be known. */
  #prove(): void {
    this.provenAt = performance.now()
    if (!this.#hasFailed) return
    this.#hasFailed = false
    this.#handlers.recovered?.()
  }

  async #repair(): Promise<void> {
    try {
      for (let failures = 0; this.#mustRepair && !this.#signal.aborted; ) {
        this.#mustRepair = false
        if (await this.#readOn()) {
          failures = 0
        } else {
          await backOff(failures, this.#signal)
          failures += 1
        }
      }
    } finally {
      // In the same turn as the last look: what comes from now on finds nobody repairing.
      this.#isRepairing = false
    }
  }

  /** One page; false where the log failed. */
  async #readOn(): Promise<boolean> {
    const options = { after: this.#delivered, limit: pageEntries, signal: this.#signal }
    // What came before is in what is read now.
    this.#held = []
    try {
      this.#apply(await this.#read(options))
      return true
    } catch (error) {
      this.fail(error)
      this.#mustRepair = true
      return false
    }
  }

  #apply(result: ReadResult): void {
    if (this.#signal.aborted) return
    this.#deliver(result)
    const held = this.#held
    this.#held = []
    if (result.entries.length === pageEntries) this.#mustRepair = true
    // Nothing is known of those behind the first that doesn't fit.
    else if (!this.#mustRepair) this.#mustRepair = !held.every((message) => this.#accept(message))
  }

  #deliver({ entries, after, invalid }: ReadResult): void {
    this.#prove()
    if (invalid !== undefined) {
      this.#readChecks.clear()
      this.#delivered = after
      this.#handlers.reset(after)
    }
    const last = entries.at(-1)
    if (last === undefined || this.#signal.aborted) return
    for (const { offset, check } of entries) this.#readChecks.set(offset, check)
    for (const offset of this.#readChecks.keys()) {
      if (this.#readChecks.size <= maxReadChecks) break
      this.#readChecks.delete(offset)
    }
    this.#delivered = { epoch: after.epoch, offset: last.offset, check: last.check }
    this.#handlers.entries(entries)
  }

  /** Delivers what comes next; false where a message doesn't fit what was delivered. */
  #accept({ epoch, offset, previous, entry }: LogMessage): boolean {
    if (this.#signal.aborted) return true
    const { epoch: ourEpoch, offset: ourOffset, check: ourCheck } = this.#delivered
    if (epoch !== ourEpoch || entry === null) return false
    if (offset <= ourOffset) return this.#readChecks.get(offset) === entry.check
    if (offset !== ourOffset + 1 || (previous ?? ourCheck) !== ourCheck) return false
    // Messages come in order: those of entries that were read before are through.
    this.#readChecks.clear()
    this.#prove()
    this.#delivered = { epoch, offset, check: entry.check }
    this.#handlers.entries([entry])
    return true
  }
}
