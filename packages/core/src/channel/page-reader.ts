import type { EventLog, Position, ReadResult } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import { RingEntry } from '../log/ring-entry.ts'
import { WheelEntry, wheel } from '../stream/timer-wheel.ts'

/** Small events of one page fill one write. */
const maxPageEntries = 256
const targetPageBytes = 512 * 1024
/** Pages kept, and for how long, for others who are on the same way. */
const maxPages = 8
const keepMs = 1_000

/** Some consecutive entries out of the log, encoded once for all who read them. */
export class Page implements EntrySource {
  readonly isGrowing = false
  readonly result: ReadResult
  head: number
  readonly loadedAt = performance.now()
  readonly #entries: readonly RingEntry[]

  constructor(result: ReadResult, tag: string) {
    this.result = result
    this.#entries = result.entries.map((entry) => new RingEntry(entry, tag, result.epoch))
    this.head = result.after.offset + this.#entries.length
  }

  /** Ends the page where the ring begins: from there on the ring, which the tail keeps whole, is what readers go by. */
  clip(ringBase: number): void {
    if (ringBase >= this.result.after.offset) this.head = Math.min(this.head, ringBase)
  }

  get(offset: number): RingEntry | undefined {
    return this.#entries[offset - this.result.after.offset - 1]
  }
}

interface PageSlot {
  readonly loading: Promise<Page>
  /** `null` while it is loading. */
  page: Page | null
}

/**
 * Reads a channel's log in pages for the connections that are behind the ring. Who asks for the same page, at once or a little
 * later, gets the same one: pages end at multiples of 256, so that readers that began anywhere soon share them.
 */
export class PageReader {
  readonly #log: EventLog
  readonly #channel: string
  readonly #tag: string
  readonly #pages = new Map<string, PageSlot>()
  readonly #forgetting = new Forgetting(() => this.#forgetOld())
  #averageBytes = 0

  constructor(log: EventLog, channel: string, tag: string) {
    this.#log = log
    this.#channel = channel
    this.#tag = tag
  }

  /** The page after a position. */
  read(after: Position | 'start', signal: AbortSignal): Promise<Page> {
    const key = after === 'start' ? after : `${after.epoch}-${after.offset}-${after.check}`
    const known = this.#pages.get(key)
    if (known !== undefined && (known.page === null || performance.now() - known.page.loadedAt < keepMs))
      return known.loading
    const slot: PageSlot = { loading: this.#load(after, signal), page: null }
    this.#pages.set(key, slot)
    slot.loading.then(
      (page) => {
        slot.page = page
        this.#keepOrForget(key, page)
      },
      () => this.#pages.delete(key),
    )
    return slot.loading
  }

  forget(): void {
    this.#pages.clear()
    wheel.cancel(this.#forgetting)
  }

  async #load(after: Position | 'start', signal: AbortSignal): Promise<Page> {
    const toBoundary = after === 'start' ? maxPageEntries : maxPageEntries - (after.offset % maxPageEntries)
    const fitting =
      this.#averageBytes === 0
        ? maxPageEntries
        : Math.max(1, Math.floor(targetPageBytes / this.#averageBytes))
    const result = await this.#log.read(this.#channel, {
      after,
      limit: Math.min(toBoundary, fitting),
      signal,
    })
    const bytes = result.entries.reduce((sum, { data }) => sum + data.length, 0)
    if (result.entries.length > 0) this.#averageBytes = bytes / result.entries.length
    return new Page(result, this.#tag)
  }

  /**
   * The last page, which the log may have more for by now, stays like the others: who has read it goes on behind it, in the ring or
   * in another page. What a refused position came down to does not.
   */
  #keepOrForget(key: string, { result }: Page): void {
    const isShared = result.invalid === undefined && key !== 'start' && result.entries.length > 0
    const [oldest] = this.#pages.keys()
    if (!isShared) this.#pages.delete(key)
    else if (oldest !== undefined && this.#pages.size > maxPages) this.#pages.delete(oldest)
    if (isShared) wheel.schedule(this.#forgetting, performance.now() + keepMs)
  }

  /** Called when for `keepMs` no page was read. */
  #forgetOld(): void {
    for (const [key, { page }] of this.#pages) if (page !== null) this.#pages.delete(key)
  }
}

class Forgetting extends WheelEntry {
  readonly #forget: () => void

  constructor(forget: () => void) {
    super()
    this.#forget = forget
  }

  onDue(): number {
    this.#forget()
    return Number.POSITIVE_INFINITY
  }
}
