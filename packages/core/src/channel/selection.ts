import type { Position } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import type { RingEntry } from '../log/ring-entry.ts'
import { coalesceRange, collectRange, type Range } from './range.ts'
import type { ResolvedSubscribeOptions } from './subscribe-options.ts'

/** What of a subscription's own, beside its topics, decides which entries it gets. */
export class Selection {
  /** It gets what its topics let through, the same bytes as all who listen to them. */
  readonly isEmpty: boolean
  readonly #options: ResolvedSubscribeOptions

  constructor(options: ResolvedSubscribeOptions) {
    const { filter, coalesce, notBefore } = options
    this.isEmpty = filter === undefined && coalesce === undefined && typeof notBefore !== 'number'
    this.#options = options
  }

  /**
   * What goes out in one write.
   *
   * @throws what the subscription's own code throws
   */
  rangeOf(source: EntrySource, from: Position, hasTopic: (entry: RingEntry) => boolean): Range {
    const { coalesce } = this.#options
    const accepts = (entry: RingEntry) => hasTopic(entry) && this.#accepts(entry)
    if (coalesce === undefined) return collectRange(source, from, accepts)
    return coalesceRange(source, from, accepts, ({ event }) => coalesce(event))
  }

  #accepts(ringEntry: RingEntry): boolean {
    const { filter, notBefore } = this.#options
    if (typeof notBefore === 'number' && ringEntry.entry.at < notBefore) return false
    return filter === undefined || filter(ringEntry.event)
  }
}
