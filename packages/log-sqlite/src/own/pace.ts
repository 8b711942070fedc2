/** A commit that takes longer is slow: an event loop is held up for as long by garbage collection now and then. */
const slowMs = 5
/** Slow commits may take so much in a second, 2 % of it: one that was interrupted by other programs is no reason. */
const allowance = { slowMs: 20, withinMs: 1_000 }
/** How long the worker does it then. */
const restMs = 10_000

/** Whether commits are quick enough for the thread that has other things to do. A disk that is slow, or busy, shows in them. */
export class Pace {
  readonly #now: () => number
  #slow: { readonly endedAt: number; readonly tookMs: number }[] = []
  #restsUntil = Number.NEGATIVE_INFINITY

  /** @param now A clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  get isResting(): boolean {
    return this.#restsUntil !== Number.NEGATIVE_INFINITY && this.#now() < this.#restsUntil
  }

  /** Notes how long it takes. */
  watch<T>(work: () => T): T {
    const startedAt = this.#now()
    try {
      return work()
    } finally {
      const endedAt = this.#now()
      if (endedAt - startedAt > slowMs) this.#note(endedAt, endedAt - startedAt)
    }
  }

  rest(): void {
    this.#slow = []
    this.#restsUntil = this.#now() + restMs
  }

  #note(endedAt: number, tookMs: number): void {
    this.#slow = this.#slow.filter((each) => each.endedAt > endedAt - allowance.withinMs)
    this.#slow.push({ endedAt, tookMs })
    const sumMs = this.#slow.reduce((sum, each) => sum + each.tookMs, 0)
    if (sumMs > allowance.slowMs) this.rest()
  }
}
