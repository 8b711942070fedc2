import type { ChannelRecord, Epoch, PublishedEvent, Slot } from './channel-record.ts'
import type { RecordedSubscription } from './client-record.ts'

/** Everything up to somewhere between `low` and `high` in one history is settled for a client. */
export interface Place {
  readonly epoch: Epoch
  readonly low: number
  readonly high: number
}

/** A `$gap` whose `$ready` has not come. */
export interface ToldGap {
  readonly reason: string
  readonly missed: number | null
}

interface TopicChange {
  readonly at: number
  readonly topics: readonly string[] | undefined
  /** Id behind which the change holds; `''` where it holds from the beginning on. */
  readonly position: string
}

/** One channel on one connection. */
export class Listening {
  readonly record: ChannelRecord
  readonly options: RecordedSubscription
  isReady = false
  isEnded = false
  gap: ToldGap | null = null
  readonly #changes: TopicChange[]
  readonly #since: number

  /** @param since When it was subscribed. */
  constructor(
    record: ChannelRecord,
    options: RecordedSubscription,
    { since, changes }: { readonly since: number; readonly changes: readonly TopicChange[] },
  ) {
    this.record = record
    this.options = options
    this.#since = since
    this.#changes = [{ at: 0, topics: options.topics, position: '' }, ...changes]
  }

  /** Whether the subscriber is to hear everything, so that what it missed can be counted. */
  get hearsEverything(): boolean {
    const { hears, notBefore, coalesce } = this.options
    return (
      this.#changes.every(({ topics }) => topics === undefined) &&
      hears === undefined &&
      notBefore === undefined &&
      coalesce === undefined
    )
  }

  /** Whether the event at a place (1, 2, 3 …) of a history is for this subscriber. */
  hears(epoch: Epoch, place: number): 'yes' | 'no' | 'maybe' {
    const slot = epoch.slots[place - 1]
    if (slot === undefined || slot.event === null) return 'no'
    const { hears, notBefore } = this.options
    if (notBefore !== undefined && place <= placeOf(epoch, notBefore)) return 'no'
    if (hears !== undefined && !hears(slot.event)) return 'no'
    return this.#hearsByTopic(epoch, place, slot, slot.event.topics)
  }

  /** Whether nothing at all is missing if a client goes on behind that place without having got it. */
  canSkip(epoch: Epoch, place: number): boolean {
    const slot = epoch.slots[place - 1]
    if (slot === undefined || slot.event === null || !slot.isCertain) return true
    return this.hears(epoch, place) !== 'yes' || this.#isSuperseded(epoch, place, slot.event)
  }

  /** The first place between two positions that must not be skipped, or `null`. */
  firstMissing(epoch: Epoch, after: number, upTo: number): number | null {
    for (let place = after + 1; place <= upTo; place += 1) if (!this.canSkip(epoch, place)) return place
    return null
  }

  #hearsByTopic(epoch: Epoch, place: number, slot: Slot, topics: readonly string[]): 'yes' | 'no' | 'maybe' {
    let answer: 'yes' | 'no' | 'maybe' = matches(this.#changes[0]?.topics, topics)
    for (const change of this.#changes.slice(1)) {
      const after = matches(change.topics, topics)
      const changedAt = change.position === '' ? 0 : placeOf(epoch, change.position)
      if (this.record.current.beganAt > this.#since) {
        // One that begins anew in another history hears everything there by the topics it has then.
        if (answer !== after) answer = 'maybe'
      } else if (changedAt !== -1) {
        if (place > changedAt) answer = after
      } else if (slot.calledAt > change.at) {
        answer = after
      } else if (answer !== after) {
        // Where the change holds from is not known: it has an id that no publish gave.
        answer = 'maybe'
      }
    }
    return answer
  }

  #isSuperseded(epoch: Epoch, place: number, event: PublishedEvent): boolean {
    const { coalesce } = this.options
    const key = coalesce?.(event)
    if (coalesce === undefined || key === undefined) return false
    return epoch.slots.some(
      (later, index) =>
        index >= place &&
        later.event !== null &&
        coalesce(later.event) === key &&
        this.hears(epoch, index + 1) !== 'no',
    )
  }
}

/** The place of an id in a history; -1 where it is not in it. */
export function placeOf(epoch: Epoch, id: string): number {
  const index = epoch.slots.findIndex(({ event }) => event !== null && event.id === id)
  return index === -1 ? -1 : index + 1
}

/** The places that these have become by losses since that they did not notice. */
export function withLater(record: ChannelRecord, places: readonly Place[]): Place[] {
  const found: Place[] = []
  for (const place of places) {
    found.push(place)
    let { low, high } = place
    for (const epoch of record.epochs.slice(place.epoch.index + 1)) {
      high = Math.min(high, epoch.keptCount)
      if (high < low) break
      low = Math.min(low, high)
      found.push({ epoch, low, high })
    }
  }
  return found
}

function matches(wanted: readonly string[] | undefined, topics: readonly string[]): 'yes' | 'no' {
  return wanted === undefined || topics.some((topic) => wanted.includes(topic)) ? 'yes' : 'no'
}
