import type { Position } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import type { RingEntry } from '../log/ring-entry.ts'
import { SseError, show } from '../wire/sse-error.ts'
import type { Withheld } from './beginning.ts'
import { coalesceRange, collectRange, type Range } from './range.ts'
import type { ResolvedSubscribeOptions } from './subscribe-options.ts'

/** What of a subscription's own, beside its topics, decides which entries it gets. */
export class Selection {
  /** Nothing of what the log has up to here is sent. */
  withheldThrough: Withheld | null = null
  readonly #selectsNothing: boolean
  readonly #options: ResolvedSubscribeOptions

  constructor(options: ResolvedSubscribeOptions) {
    const { filter, coalesce, notBefore } = options
    this.#selectsNothing = filter === undefined && coalesce === undefined && typeof notBefore !== 'number'
    this.#options = options
  }

  /** It gets what its topics let through, the same bytes as all who listen to them. */
  get isEmpty(): boolean {
    return this.#selectsNothing && this.withheldThrough === null
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
    if (this.#isWithheld(ringEntry.position)) return false
    if (typeof notBefore === 'number' && ringEntry.entry.at < notBefore) return false
    return filter === undefined || checkedVerdict(filter(ringEntry.event))
  }

  #isWithheld({ epoch, offset }: Position): boolean {
    const withheld = this.withheldThrough
    return withheld !== null && epoch === withheld.epoch && offset <= withheld.offset
  }
}

/**
 * Truthy or not, as anywhere in JavaScript; but a promise would be truthy whatever it comes to, and what decides who sees an event
 * fails closed.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
function checkedVerdict(verdict: unknown): boolean {
  if (!isThenable(verdict)) return Boolean(verdict)
  // A promise that rejects must not end the process beside the error that is thrown here.
  Promise.resolve(verdict).catch(() => {})
  throw new SseError('ERR_SSE_OPTION', `filter must give its answer at once, not ${show(verdict)}.`, {
    value: verdict,
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}
