import { Deque } from './deque.ts'
import type { Position, StoredEntry } from './event-log.ts'
import type { ResolvedRetention } from './retention.ts'
import { RingEntry } from './ring-entry.ts'

const maxEntries = 1024
const maxPayloadBytes = 1024 * 1024

/** Where entries can be read: the ring, or one page of the log. */
export interface EntrySource {
  /** Offset of the newest entry. */
  readonly head: number
  /** Entries are added to it, and old ones dropped. */
  readonly isGrowing: boolean
  /** The entry at an offset; `undefined` outside of the source. */
  get(offset: number): RingEntry | undefined
}

/**
 * The newest entries of a channel, shared by all connections of the process: at most 1,024, at most 1 MiB, and never more
 * than the channel keeps.
 */
export class Ring implements EntrySource {
  readonly isGrowing = true
  readonly epoch: string
  /** Before the oldest entry in the ring: positions from here on are served without asking the log. */
  #base: Position
  #head: Position
  #payloadBytes = 0
  readonly #tag: string
  readonly #retention: ResolvedRetention
  readonly #entries = new Deque<RingEntry>()

  constructor(start: Position, tag: string, retention: ResolvedRetention) {
    this.epoch = start.epoch
    this.#base = start
    this.#head = start
    this.#tag = tag
    this.#retention = retention
  }

  get head(): number {
    return this.#head.offset
  }

  get headPosition(): Position {
    return this.#head
  }

  /** Offset before the oldest entry in the ring. */
  get base(): number {
    return this.#base.offset
  }

  get count(): number {
    return this.#entries.length
  }

  get payloadBytes(): number {
    return this.#payloadBytes
  }

  get(offset: number): RingEntry | undefined {
    return this.#entries.at(offset - this.base - 1)
  }

  /** Whether a position is one of this history and within the ring. */
  has({ epoch, offset, check }: Position): boolean {
    this.#trimByAge()
    if (epoch !== this.epoch) return false
    const known = offset === this.base ? this.#base : this.get(offset)?.position
    return known?.check === check
  }

  push(entry: StoredEntry): RingEntry {
    const ringEntry = new RingEntry(entry, this.#tag, this.epoch)
    this.#entries.push(ringEntry)
    this.#head = ringEntry.position
    this.#payloadBytes += entry.data.length
    const { maxEvents, maxBytes } = this.#retention
    while (this.count > Math.min(maxEntries, maxEvents)) this.#shift()
    while (this.#payloadBytes > Math.min(maxPayloadBytes, maxBytes) && this.count > 1) this.#shift()
    return ringEntry
  }

  #trimByAge(): void {
    const { maxAgeMs } = this.#retention
    if (maxAgeMs === false) return
    const oldestKept = Date.now() - maxAgeMs
    while ((this.#entries.at(0)?.entry.at ?? Number.POSITIVE_INFINITY) < oldestKept) this.#shift()
  }

  #shift(): void {
    const dropped = this.#entries.shift()
    if (dropped === undefined) return
    this.#base = dropped.position
    this.#payloadBytes -= dropped.entry.data.length
  }
}
