import { SseError } from '../wire/sse-error.ts'
import { Deque } from './deque.ts'
import {
  type AppendOptions,
  type Entry,
  type Position,
  type ReadOptions,
  type ReadResult,
  type StoredEntry,
  startCheck,
} from './event-log.ts'
import { epochLength, randomText } from './random-text.ts'
import { type ResolvedRetention, retentionDefaults } from './retention.ts'

/** What an entry takes beside its text: the object, its strings' heads, its place in the deque. */
const entryOverheadBytes = 200
/** What a history takes by itself; counted for as long as it has entries. */
const historyBytes = 1024
/** What an idempotency key takes beside its text. */
const keyOverheadBytes = 200
const idempotencyMs = 2 * 60 * 1000

/** One channel's history in memory. Synchronous: what a call gives is the state at the call. */
export class MemoryHistory {
  readonly epoch = randomText(epochLength)
  retention: ResolvedRetention = retentionDefaults
  /** Called for each appended entry, in order. */
  readonly followers = new Set<(entry: StoredEntry) => void>()
  /** When it was last used, by `performance.now()`. */
  touchedAt = performance.now()
  #entries = new Deque<StoredEntry>()
  /** Bytes of the payload of each. */
  #sizes = new Deque<number>()
  #byteCount = 0
  #payloadBytes = 0
  #head = 0
  #headCheck = startCheck
  /** Check of the newest entry that was trimmed: `first - 1` is a valid position. */
  #trimmedCheck = startCheck
  #ended = false
  /** Appended, and not yet given to any follower. */
  readonly #unannounced: StoredEntry[] = []
  #isAnnouncing = false
  #keys = new Map<string, { readonly position: Position; readonly until: number }>()

  /** Memory taken, roughly. */
  get byteCount(): number {
    return this.isEmpty ? this.#byteCount : this.#byteCount + historyBytes
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** It is in use. */
  touch(): void {
    this.touchedAt = performance.now()
  }

  append(channel: string, entry: Entry, { idempotencyKey }: AppendOptions): Position {
    const known = idempotencyKey === undefined ? undefined : this.#keys.get(idempotencyKey)
    if (known !== undefined && known.until > performance.now()) return known.position
    if (this.#ended) {
      throw new SseError(
        'ERR_SSE_CHANNEL_ENDED',
        `The channel "${channel}" was ended; nothing can be published to it.`,
      )
    }
    this.#head += 1
    const { v, kind, event, data, topics, at, check } = entry
    const stored: StoredEntry = { v, kind, event, data, topics, at, check, offset: this.#head }
    const bytes = Buffer.byteLength(data)
    this.#headCheck = check
    this.#ended = kind === 'end'
    this.#entries.push(stored)
    this.#sizes.push(bytes)
    this.#payloadBytes += bytes
    this.#byteCount += bytes + entryOverheadBytes
    this.touch()
    const position = this.#positionOf(stored)
    if (idempotencyKey !== undefined) this.#remember(idempotencyKey, position)
    this.trim()
    this.#announce(stored)
    return position
  }

  read({ after, limit }: ReadOptions): ReadResult {
    this.trim()
    this.touch()
    const first = this.#head - this.#entries.length + 1
    const invalid = typeof after === 'string' ? undefined : this.#invalidity(after, first)
    const start = this.#startOf(after, invalid, first)
    const from = start.offset - (first - 1)
    return {
      entries: this.#entries.slice(from, from + limit),
      first,
      head: this.#head,
      epoch: this.epoch,
      after: start,
      ended: this.#ended,
      ...(invalid === undefined ? {} : { invalid }),
    }
  }

  /** Drops what retention does not keep, and keys whose time is over. */
  trim(): void {
    if (this.#keys.size > 0) this.#forgetKeys()
    const { maxEvents, maxBytes, maxAgeMs } = this.retention
    while (this.#entries.length > maxEvents || (this.#payloadBytes > maxBytes && this.#entries.length > 1))
      this.dropOldest()
    if (maxAgeMs === false) return
    const oldestKept = Date.now() - maxAgeMs
    while ((this.#entries.at(0)?.at ?? Number.POSITIVE_INFINITY) < oldestKept) this.dropOldest()
  }

  dropOldest(): void {
    const dropped = this.#entries.shift()
    const bytes = this.#sizes.shift()
    if (dropped === undefined || bytes === undefined) return
    this.#byteCount -= bytes + entryOverheadBytes
    this.#payloadBytes -= bytes
    this.#trimmedCheck = dropped.check
  }

  /** One entry after the other for all followers, also where one of them appends. */
  #announce(entry: StoredEntry): void {
    let next: StoredEntry | undefined = entry
    if (this.#isAnnouncing || this.#unannounced.length > 0) {
      this.#unannounced.push(entry)
      if (this.#isAnnouncing) return
      // One that threw has left some.
      next = this.#unannounced.shift()
    }
    this.#isAnnouncing = true
    try {
      for (; next !== undefined; next = this.#unannounced.shift()) {
        for (const follow of this.followers) follow(next)
      }
    } finally {
      this.#isAnnouncing = false
    }
  }

  #remember(key: string, position: Position): void {
    // One that was there and is over is in front.
    if (!this.#keys.delete(key)) this.#byteCount += keyBytes(key)
    this.#keys.set(key, { position, until: this.touchedAt + idempotencyMs })
  }

  #forgetKeys(): void {
    const now = performance.now()
    for (const [key, { until }] of this.#keys) {
      // Keys are in the order in which they were set, and all are kept for the same time.
      if (until > now) break
      this.#keys.delete(key)
      this.#byteCount -= keyBytes(key)
    }
  }

  #invalidity(after: Position, first: number): 'expired' | 'unknown' | undefined {
    if (after.epoch !== this.epoch || after.offset > this.#head) return 'unknown'
    if (after.offset < first - 1) return 'expired'
    return after.check === this.#checkAt(after.offset, first) ? undefined : 'unknown'
  }

  #startOf(after: ReadOptions['after'], invalid: string | undefined, first: number): Position {
    if (after === 'head') return { epoch: this.epoch, offset: this.#head, check: this.#headCheck }
    if (after !== 'start' && invalid === undefined) return after
    return { epoch: this.epoch, offset: first - 1, check: this.#trimmedCheck }
  }

  #checkAt(offset: number, first: number): string | undefined {
    return offset === first - 1 ? this.#trimmedCheck : this.#entries.at(offset - first)?.check
  }

  #positionOf(entry: StoredEntry): Position {
    return { epoch: this.epoch, offset: entry.offset, check: entry.check }
  }
}

function keyBytes(key: string): number {
  return 2 * key.length + keyOverheadBytes
}
