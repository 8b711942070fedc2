import type { Position, ReadResult } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import { RingEntry } from '../log/ring-entry.ts'

/** Some consecutive entries out of the log, encoded once for all who read them. */
export class Page implements EntrySource {
  readonly isGrowing = false
  head: number
  /** Characters of its entries' payload. */
  readonly payloadBytes: number
  readonly #after: Position
  readonly #entries: readonly RingEntry[]

  constructor({ after, entries, epoch }: ReadResult, tag: string) {
    this.#after = after
    this.#entries = entries.map((entry) => new RingEntry(entry, tag, epoch))
    this.head = after.offset + entries.length
    this.payloadBytes = entries.reduce((sum, { data }) => sum + data.length, 0)
  }

  get entryCount(): number {
    return this.#entries.length
  }

  /** Ends the page where the ring begins: from there on the ring, which the tail keeps whole, is what readers go by. */
  clip(ringBase: number): void {
    if (ringBase >= this.#after.offset) this.head = Math.min(this.head, ringBase)
  }

  get(offset: number): RingEntry | undefined {
    return this.#entries[offset - this.#after.offset - 1]
  }

  /** Whether a position is one of its history, and some of it follows there. */
  continues({ epoch, offset, check }: Position): boolean {
    if (epoch !== this.#after.epoch || offset >= this.head) return false
    const known = offset === this.#after.offset ? this.#after : this.get(offset)?.position
    return known?.check === check
  }
}
