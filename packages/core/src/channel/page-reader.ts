import type { EventLog, Position, StoredEntry } from '../log/event-log.ts'
import { Page } from './page.ts'
import { type PageRead, PageShelf, type ReadBounds } from './page-shelf.ts'

/** Small events of one page fill one write. */
const maxPageEntries = 256
const targetPageBytes = 512 * 1024

interface Answer {
  readonly entries: readonly StoredEntry[]
  readonly bounds: ReadBounds
}

/**
 * Reads a channel's log in pages for the connections that are behind the ring. Who asks for what is in a page, at once or a little
 * later, gets the same one: pages end at multiples of 256, so that readers that began anywhere soon share them.
 */
export class PageReader {
  readonly #log: EventLog
  readonly #channel: string
  readonly #tag: string
  readonly #loading = new Map<string, Promise<PageRead>>()
  /** Another one for each history, so that what is still loading of the last one is not found in the next. */
  #shelf = new PageShelf()
  /** What positions came down to that the log refused. */
  #oldest: ReadBounds | null = null
  #averageBytes = 0

  constructor(log: EventLog, channel: string, tag: string) {
    this.#log = log
    this.#channel = channel
    this.#tag = tag
  }

  /**
   * The page after a position.
   *
   * @param signal Of all who read: who asks later waits for the same call.
   */
  read(after: Position | 'start', signal: AbortSignal): Promise<PageRead> {
    const known = after === 'start' ? null : this.#shelf.find(after)
    if (known !== null) return Promise.resolve(known)
    const key = after === 'start' ? after : `${after.epoch}-${after.offset}-${after.check}`
    const others = this.#loading.get(key)
    if (others !== undefined) return others
    const loading = this.#load(after, signal)
    this.#loading.set(key, loading)
    const onLoaded = () => {
      if (this.#loading.get(key) === loading) this.#loading.delete(key)
    }
    loading.then(onLoaded, onLoaded)
    return loading
  }

  forget(): void {
    this.#loading.clear()
    this.#shelf.clear()
    this.#shelf = new PageShelf()
    this.#oldest = null
  }

  #load(after: Position | 'start', signal: AbortSignal): Promise<PageRead> {
    return this.#isLikelyAtHand(after) ? this.#locate(after, signal) : this.#loadPage(after, signal)
  }

  async #loadPage(after: Position | 'start', signal: AbortSignal): Promise<PageRead> {
    const shelf = this.#shelf
    const { entries, bounds } = await this.#ask(after, this.#limit(after), signal)
    const known = shelf.find(bounds.after)
    if (known !== null) return { bounds, page: known.page }
    const page = new Page({ entries, ...bounds }, this.#tag)
    if (entries.length > 0) {
      this.#averageBytes = page.payloadBytes / entries.length
      shelf.add({ bounds, page })
    }
    return { bounds, page }
  }

  /** Asks the log where a position comes down to, and goes on from there with what is known of it. */
  async #locate(after: Position | 'start', signal: AbortSignal): Promise<PageRead> {
    const { bounds } = await this.#ask(after, 0, signal)
    const { invalid } = bounds
    const known = this.#shelf.find(bounds.after)
    if (known !== null) return { bounds, page: known.page }
    if (after !== 'start' && invalid === undefined) return this.#loadPage(after, signal)
    const read = await this.read(bounds.after, signal)
    // Trimmed in between or not: what was asked for is as it was found to be.
    return { bounds: { ...read.bounds, invalid }, page: read.page }
  }

  async #ask(after: Position | 'start', limit: number, signal: AbortSignal): Promise<Answer> {
    const { entries, ...bounds } = await this.#log.read(this.#channel, { after, limit, signal })
    if (after === 'start' || bounds.invalid !== undefined) this.#oldest = bounds
    return { entries, bounds }
  }

  /**
   * The log will likely refuse the position, or was asked for the start, and the entries that this comes down to are on the shelf: so
   * many clients that come back behind a lost history, each with another cursor, do not have it read for each of them.
   */
  #isLikelyAtHand(after: Position | 'start'): boolean {
    const oldest = this.#oldest
    if (oldest === null || this.#shelf.find(oldest.after) === null) return false
    if (after === 'start' || after.epoch !== oldest.epoch) return true
    return after.offset < oldest.after.offset || after.offset > oldest.head
  }

  #limit(after: Position | 'start'): number {
    const toBoundary = after === 'start' ? maxPageEntries : maxPageEntries - (after.offset % maxPageEntries)
    if (this.#averageBytes === 0) return toBoundary
    return Math.min(toBoundary, Math.max(1, Math.floor(targetPageBytes / this.#averageBytes)))
  }
}
