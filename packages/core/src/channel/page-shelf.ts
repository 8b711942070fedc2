import type { Position, ReadResult } from '../log/event-log.ts'
import { WheelEntry, wheel } from '../stream/timer-wheel.ts'
import type { Page } from './page.ts'

/** What is kept, and for how long, for others who are on the same way. */
const maxKeptBytes = 4 * 1024 * 1024
/** What an entry takes beside its payload, roughly: its objects, and its block's head. */
const entryOverheadBytes = 400
const keepMs = 1_000

/** What the log said when it was read, beside the entries. */
export type ReadBounds = Omit<ReadResult, 'entries'>

/** What reading from a position came to. */
export interface PageRead {
  /** What the log said of that position. */
  readonly bounds: ReadBounds
  /** What follows `bounds.after`; others may read it from elsewhere. */
  readonly page: Page
}

interface KeptPage extends PageRead {
  readonly loadedAt: number
}

/** The pages that were read last, for a second: as many as a whole history of small events has, or a few of large ones. */
export class PageShelf {
  /** The one that was asked for last at the end. */
  #kept: KeptPage[] = []
  #bytes = 0
  readonly #forgetting = new Forgetting(() => this.clear())

  /** A page that has what follows a position. */
  find(after: Position): PageRead | null {
    const freshFrom = performance.now() - keepMs
    const index = this.#kept.findIndex(({ page, loadedAt }) => loadedAt > freshFrom && page.continues(after))
    const [found] = index === -1 ? [] : this.#kept.splice(index, 1)
    if (found === undefined) return null
    this.#kept.push(found)
    return { bounds: { ...found.bounds, after }, page: found.page }
  }

  /**
   * Keeps a page with entries. The log's last one, which it may have more for by now, is kept like the others: who has read it goes
   * on behind it, in the ring or in another page.
   */
  add({ bounds, page }: PageRead): void {
    const loadedAt = performance.now()
    // Whatever position it was asked for, it is what follows the one that this came down to.
    this.#kept.push({ bounds: { ...bounds, invalid: undefined }, page, loadedAt })
    this.#bytes += bytesOf(page)
    while (this.#bytes > maxKeptBytes && this.#kept.length > 1)
      this.#bytes -= bytesOf(this.#kept.shift()?.page)
    wheel.schedule(this.#forgetting, loadedAt + keepMs)
  }

  clear(): void {
    this.#kept = []
    this.#bytes = 0
    wheel.cancel(this.#forgetting)
  }
}

function bytesOf(page: Page | undefined): number {
  return page === undefined ? 0 : page.payloadBytes + page.entryCount * entryOverheadBytes
}

/** Due when for `keepMs` no page was read. */
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
