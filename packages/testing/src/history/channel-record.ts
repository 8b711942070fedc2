/** An event as its publisher gave it. */
export interface PublishedFields {
  readonly event?: string | undefined
  readonly data: unknown
  readonly topics?: readonly string[] | undefined
  readonly idempotencyKey?: string | undefined
}

/** One event, as it was meant to be stored once. */
export interface PublishedEvent {
  readonly channel: string
  /** Event type and payload as a client sees them: what tells this event from all others. */
  readonly key: string
  readonly event: string
  readonly data: unknown
  readonly topics: readonly string[]
  /** What `publish` gave; `null` while it has not, or where it rejected. */
  id: string | null
}

/** A place in one history that an event, or the mark of the end, has or may have. */
export interface Slot {
  /** `null`: the mark of the end. */
  readonly event: PublishedEvent | null
  /** When the append was asked for, in the order of everything recorded. */
  readonly calledAt: number
  /** It may be missing: its append failed, is under way, or came down in another history. */
  isCertain: boolean
}

/** One history of a channel, from its beginning until it was lost. Position `n` is after `slots[n - 1]`. */
export interface Epoch {
  readonly index: number
  readonly beganAt: number
  /** Slots that it has in common with the one before; -1 where it is another history altogether. */
  readonly keptCount: number
  readonly slots: Slot[]
  readonly placesByKey: Map<string, number[]>
}

/** How much a channel keeps, as far as it was said: `'unknown'` where anything may be trimmed at any time. */
export type KeptEvents = number | 'all' | 'unknown'

/** What was published to one channel. */
export class ChannelRecord {
  readonly name: string
  readonly epochs: Epoch[] = []
  kept: KeptEvents = 'all'
  readonly #pending = new Set<Slot>()
  readonly #byIdempotencyKey = new Map<string, PublishedEvent>()

  constructor(name: string) {
    this.name = name
    this.#begin(0, -1, [])
  }

  get current(): Epoch {
    const epoch = this.epochs.at(-1)
    if (epoch === undefined) throw new Error('A channel has a history from its beginning on.')
    return epoch
  }

  /** The event of an earlier call with the same idempotency key. */
  known(idempotencyKey: string | undefined): PublishedEvent | undefined {
    return idempotencyKey === undefined ? undefined : this.#byIdempotencyKey.get(idempotencyKey)
  }

  /** An append was asked for. */
  called(event: PublishedEvent | null, calledAt: number, idempotencyKey?: string): Slot {
    const slot: Slot = { event, calledAt, isCertain: false }
    if (event !== null && idempotencyKey !== undefined) this.#byIdempotencyKey.set(idempotencyKey, event)
    place(this.current, slot)
    this.#pending.add(slot)
    return slot
  }

  /** The log has it. */
  stored(slot: Slot): void {
    // Stored in the history that is current, unless that has changed since the call: then nobody knows in which.
    if (this.#pending.delete(slot) && slot.calledAt >= this.current.beganAt) slot.isCertain = true
  }

  /** The history was lost behind its first `keptCount` events (-1: it began anew). */
  lost(keptCount: number, at: number): void {
    const kept = keptCount < 0 ? [] : this.current.slots.slice(0, keptCount)
    const inFlight = [...this.#pending].filter((slot) => !kept.includes(slot))
    this.#begin(at, keptCount, [...kept, ...inFlight])
  }

  /** The log as it finally is; what is not in it was never stored. */
  settled(keys: readonly string[]): void {
    const { slots, placesByKey } = this.current
    const byKey = new Map(slots.flatMap((slot) => (slot.event === null ? [] : [[slot.event.key, slot]])))
    const stored = keys.map((key) => {
      const slot = byKey.get(key)
      if (slot === undefined)
        throw new Error(`${shown(key)} is twice in the log of ${this.name}, or was never published.`)
      byKey.delete(key)
      return slot
    })
    for (const slot of byKey.values()) {
      if (slot.isCertain)
        throw new Error(
          `${shown(slot.event?.key ?? '')} is not in the log of ${this.name}: publish gave ${slot.event?.id}.`,
        )
    }
    const ends = slots.filter(({ event }) => event === null)
    slots.length = 0
    placesByKey.clear()
    for (const slot of [...stored, ...ends]) {
      slot.isCertain = true
      place(this.current, slot)
    }
  }

  /** How many events can have been stored at a time. */
  countAt(epoch: Epoch, at: number): number {
    let count = epoch.slots.length
    while (count > 0 && (epoch.slots[count - 1]?.calledAt ?? 0) > at) count -= 1
    return count
  }

  /** The furthest position behind which everything may have been trimmed at a time. */
  trimmableAt(epoch: Epoch, at: number): number {
    if (this.kept === 'all') return 0
    const count = this.countAt(epoch, at)
    return this.kept === 'unknown' ? count : Math.max(0, count - this.kept)
  }

  /** Whether it could have been ended at a time. */
  wasEndedBy(at: number): boolean {
    return this.epochs.some(({ slots }) =>
      slots.some(({ event, calledAt }) => event === null && calledAt < at),
    )
  }

  #begin(beganAt: number, keptCount: number, slots: readonly Slot[]): void {
    const epoch: Epoch = {
      index: this.epochs.length,
      beganAt,
      keptCount,
      slots: [],
      placesByKey: new Map(),
    }
    for (const slot of slots) place(epoch, slot)
    this.epochs.push(epoch)
  }
}

function place(epoch: Epoch, slot: Slot): void {
  epoch.slots.push(slot)
  if (slot.event === null) return
  const places = epoch.placesByKey.get(slot.event.key) ?? []
  places.push(epoch.slots.length)
  epoch.placesByKey.set(slot.event.key, places)
}

/** A key as messages show it. */
function shown(key: string): string {
  return key.replace('\n', ' ')
}

/** What tells an event from all others on the wire. */
export function keyOf(event: string, text: string): string {
  return `${event}\n${text}`
}
