/** Whatever takes longer is slow: an event loop is held up for as long by garbage collection now and then. */
const slowMs = 5
/** Nothing may take so long twice. */
const tooSlowMs = 100
/**
 * A thread that shares its core is interrupted in the midst of one thing in some dozens, and a disk that is slow or busy is so again and again. So each
 * slow one weighs as much as three quick ones, and four in a row, or more than a quarter of many, are too many.
 */
const slowWeight = 3
const tooMany = 12

/** Whether what waits for the disk, or may, is quick enough for a thread that has other things to do. */
export class Pace {
  readonly #now: () => number
  readonly #restMs: number
  #weight = 0
  #restsUntil = Number.NEGATIVE_INFINITY

  /**
   * @param now A clock in milliseconds.
   * @param restMs How long it is left to another thread where it is not.
   */
  constructor(now: () => number, restMs: number) {
    this.#now = now
    this.#restMs = restMs
  }

  get isResting(): boolean {
    return this.#restsUntil !== Number.NEGATIVE_INFINITY && this.#now() < this.#restsUntil
  }

  /** Does something, and notes how long it takes. */
  watch<T>(work: () => T): T {
    const startedAt = this.#now()
    try {
      return work()
    } finally {
      this.#note(this.#now() - startedAt)
    }
  }

  rest(): void {
    this.#weight = 0
    this.#restsUntil = this.#now() + this.#restMs
  }

  #note(tookMs: number): void {
    if (tookMs > slowMs) this.#weight += slowWeight
    else if (this.#weight > 0) this.#weight -= 1
    if (this.#weight >= tooMany || tookMs > tooSlowMs) this.rest()
  }
}
