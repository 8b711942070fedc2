import type { EventLog, Position, ReadResult } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import { RingEntry } from '../log/ring-entry.ts'

const maxPageEntries = 128
const targetPageBytes = 512 * 1024
/** Pages kept, and for how long, for others who are on the same way. */
const maxPages = 8
const keepMs = 1_000

/** Some consecutive entries out of the log, encoded once for all who read them. */
export class Page implements EntrySource {
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
 * later, gets the same one: pages end at multiples of 128, so that readers that began anywhere soon share them.
 */
export class PageReader {
  readonly #log: EventLog
  readonly #channel: string
  readonly #tag: string
  readonly #pages = new Map<string, PageSlot>()
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

  /** The last page grows and bounds change: only full pages of a valid position stay for a while. */
  #keepOrForget(key: string, { head, result }: Page): void {
    const isFull = result.invalid === undefined && key !== 'start' && head % maxPageEntries === 0
    const [oldest] = this.#pages.keys()
    if (!isFull) this.#pages.delete(key)
    else if (oldest !== undefined && this.#pages.size > maxPages) this.#pages.delete(oldest)
  }
}
