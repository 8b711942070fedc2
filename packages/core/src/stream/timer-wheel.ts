const tickMs = 16
const slotCount = 2048
const maxSleepMs = 2 ** 30

/** Something with one deadline. The wheel links entries through these fields, so that scheduling allocates nothing. */
export abstract class WheelEntry {
  /** Neighbours in the slot; `null` while not scheduled. */
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  /** Tick at which the entry is due; entries of later rounds share the slot. */
  wheelTick = 0

  /**
   * Called once when the deadline has come, with the entry unscheduled.
   *
   * @param now Milliseconds of the monotonic clock.
   * @returns The next deadline on the same clock, or `Infinity` to leave it at what was scheduled during the call.
   */
  abstract onDue(now: number): number
}

class Slot extends WheelEntry {
  constructor() {
    super()
    this.wheelPrevious = this
    this.wheelNext = this
  }

  onDue(): number {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * Deadlines of many streams behind one timer: a hashed wheel of 2,048 slots of 16 ms. Scheduling, moving and cancelling
 * cost the same for ten entries and ten thousand. Deadlines are met up to one tick late, never early. The timer sleeps
 * until the next slot that has an entry, is off while there is none, and never keeps the process alive.
 *
 * @see Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 6
 */
export class TimerWheel {
  readonly #slots: Slot[] = Array.from({ length: slotCount }, () => new Slot())
  #entryCount = 0
  #timer: NodeJS.Timeout | undefined
  /** Every slot up to and including this tick has been served. */
  #servedTick = 0
  #wakeTick = Number.POSITIVE_INFINITY

  /** Entries that are scheduled. */
  get entryCount(): number {
    return this.#entryCount
  }

  /** Schedules an entry, moving it if it was scheduled. `Infinity` only cancels. */
  schedule(entry: WheelEntry, deadline: number): void {
    this.cancel(entry)
    if (deadline === Number.POSITIVE_INFINITY) return
    if (this.#entryCount === 0) this.#servedTick = Math.floor(performance.now() / tickMs)
    const tick = Math.max(Math.ceil(deadline / tickMs), this.#servedTick + 1)
    this.#link(entry, tick)
    this.#wakeAt(tick)
  }

  cancel(entry: WheelEntry): void {
    const { wheelPrevious, wheelNext } = entry
    if (wheelPrevious === null || wheelNext === null) return
    wheelPrevious.wheelNext = wheelNext
    wheelNext.wheelPrevious = wheelPrevious
    entry.wheelPrevious = null
    entry.wheelNext = null
    this.#entryCount -= 1
    if (this.#entryCount === 0) this.#sleep()
  }

  #link(entry: WheelEntry, tick: number): void {
    const slot = this.#slotOf(tick)
    const last = slot.wheelPrevious ?? slot
    entry.wheelTick = tick
    entry.wheelPrevious = last
    entry.wheelNext = slot
    last.wheelNext = entry
    slot.wheelPrevious = entry
    this.#entryCount += 1
  }

  #slotOf(tick: number): Slot {
    const slot = this.#slots[tick % slotCount]
    if (slot === undefined) throw new RangeError(`no slot for tick ${tick}`)
    return slot
  }

  #wakeAt(tick: number): void {
    if (tick >= this.#wakeTick) return
    clearTimeout(this.#timer)
    this.#wakeTick = tick
    const sleepMs = Math.min(Math.max(tick * tickMs - performance.now(), 1), maxSleepMs)
    this.#timer = setTimeout(() => this.#serve(), sleepMs)
    this.#timer.unref?.()
  }

  #sleep(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#wakeTick = Number.POSITIVE_INFINITY
  }

  #serve(): void {
    this.#sleep()
    const now = performance.now()
    const currentTick = Math.floor(now / tickMs)
    // After a long pause of the process one round visits every slot.
    const firstTick = Math.max(this.#servedTick + 1, currentTick - slotCount + 1)
    this.#servedTick = Math.max(this.#servedTick, currentTick)
    for (let tick = firstTick; tick <= currentTick; tick += 1)
      this.#serveSlot(this.#slotOf(tick), currentTick, now)
    if (this.#entryCount > 0) this.#wakeAt(this.#nextTick())
  }

  #serveSlot(slot: Slot, currentTick: number, now: number): void {
    // Entries may unlink themselves and each other meanwhile: those that are due go to a list of their own first, whose
    // head is always a linked entry or the list's end.
    const due = new Slot()
    let entry = slot.wheelNext
    while (entry !== null && entry !== slot) {
      const next: WheelEntry | null = entry.wheelNext
      if (entry.wheelTick <= currentTick) {
        this.#unlinkInto(entry, due)
      }
      entry = next
    }
    while (due.wheelNext !== null && due.wheelNext !== due) {
      const first = due.wheelNext
      this.cancel(first)
      this.#call(first, now)
    }
  }

  #call(entry: WheelEntry, now: number): void {
    try {
      const deadline = entry.onDue(now)
      if (deadline !== Number.POSITIVE_INFINITY) this.schedule(entry, deadline)
    } catch (error) {
      // Thrown from here it would take the deadlines of all other streams with it.
      void Promise.reject(error)
    }
  }

  #unlinkInto(entry: WheelEntry, list: Slot): void {
    if (entry.wheelPrevious !== null) entry.wheelPrevious.wheelNext = entry.wheelNext
    if (entry.wheelNext !== null) entry.wheelNext.wheelPrevious = entry.wheelPrevious
    const last = list.wheelPrevious ?? list
    entry.wheelPrevious = last
    entry.wheelNext = list
    last.wheelNext = entry
    list.wheelPrevious = entry
  }

  /** The first tick whose slot has an entry, or the end of the round. */
  #nextTick(): number {
    for (let tick = this.#servedTick + 1; tick < this.#servedTick + slotCount; tick += 1) {
      const slot = this.#slotOf(tick)
      if (slot.wheelNext !== slot) return tick
    }
    return this.#servedTick + slotCount
  }
}

/** The one wheel of this process. */
export const wheel = new TimerWheel()
