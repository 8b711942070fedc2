/** How long one slice of deliveries may keep the event loop. */
const sliceMs = 4
/** Readers, or connections of one of them, that are served between two looks at the clock. */
export const lookEvery = 16
/** Places that were served before the others move up. */
const closeUpFrom = 1_024

/** What became of being served. */
export type Outcome =
  /** There is nothing more to write now. */
  | 'done'
  /** There is more, for another turn, behind the others. */
  | 'more'
  /** The time was over with some of its connections not served: they are served first in the next slice. */
  | 'interrupted'

/** Something that may have bytes to write. */
export interface Deliverable {
  /** In the queue; the queue's own note. */
  isQueued: boolean
  /**
   * Writes what there is, at most one write for each connection.
   *
   * @param deadline By `performance.now()`: what has many connections stops then.
   */
  deliver(deadline: number): Outcome
}

/**
 * The deliveries of this process, in the order in which their readers were woken.
 *
 * Begins in the turn that woke the first of them, after everything that the turn itself still publishes, so that a burst is one
 * write. Stops after a few milliseconds for the event loop to take in what has come: readers served later simply find more.
 */
class FanOut {
  #queue: (Deliverable | undefined)[] = []
  #next = 0
  #count = 0
  #later: Deliverable[] = []
  #isScheduled = false
  readonly #onIdle = new Set<() => void>()

  /** Puts a reader in the queue, once. */
  enqueue(reader: Deliverable): void {
    if (reader.isQueued) return
    reader.isQueued = true
    this.#queue[this.#count] = reader
    this.#count += 1
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(this.#run)
  }

  /** Nobody waits to be served. */
  get isIdle(): boolean {
    return !this.#isScheduled
  }

  /** Calls `listener` once when the queue is empty. */
  onceIdle(listener: () => void): void {
    this.#onIdle.add(listener)
  }

  readonly #run = (): void => {
    const deadline = performance.now() + sliceMs
    while (this.#next < this.#count) {
      const reader = this.#queue[this.#next]
      // Emptied place by place, so that the array is neither made anew nor keeps who has left.
      this.#queue[this.#next] = undefined
      this.#next += 1
      const outcome = reader === undefined ? 'done' : this.#serve(reader, deadline)
      if (outcome === 'interrupted') break
      if ((outcome === 'more' || this.#next % lookEvery === 0) && performance.now() >= deadline) break
    }
    if (this.#next === this.#count) this.#startNextTurn()
    if (this.#count > 0) {
      if (this.#next >= closeUpFrom) this.#closeUp()
      setImmediate(this.#run)
      return
    }
    this.#isScheduled = false
    for (const listener of this.#onIdle) listener()
    this.#onIdle.clear()
  }

  #serve(reader: Deliverable, deadline: number): Outcome {
    reader.isQueued = false
    try {
      const outcome = reader.deliver(deadline)
      if (outcome === 'done' || reader.isQueued) return 'done'
      reader.isQueued = true
      if (outcome === 'more') {
        this.#later.push(reader)
      } else {
        this.#next -= 1
        this.#queue[this.#next] = reader
      }
      return outcome
    } catch (error) {
      // A user's error handler that throws, say: nobody else's deliveries may end with it.
      void Promise.reject(error)
      return 'done'
    }
  }

  /** Under constant load the queue is never empty: those who wait move to its front, so that it does not grow. */
  #closeUp(): void {
    const waiting = this.#count - this.#next
    this.#queue.copyWithin(0, this.#next, this.#count)
    this.#queue.fill(undefined, waiting, this.#count)
    this.#next = 0
    this.#count = waiting
  }

  #startNextTurn(): void {
    this.#next = 0
    this.#count = 0
    for (const reader of this.#later) {
      this.#queue[this.#count] = reader
      this.#count += 1
    }
    this.#later.length = 0
  }
}

/** The one fan-out of this process. */
export const fanOut = new FanOut()
