const opening = 0
const first = 1
const last = 2

/** Numbers of entries, as the file counts them over all channels. */
export interface Numbers {
  readonly first: number
  readonly last: number
}

/**
 * Which entries the publishers' thread has stored itself, so that the worker need not read them as news. Both threads have it in memory:
 * a message for each commit would wake the worker as often.
 *
 * It is the newest unbroken run of numbers; of entries before it the worker reads what is not its own, and followers know those.
 */
export class OwnEntries {
  readonly buffer: SharedArrayBuffer
  readonly #values: BigInt64Array

  constructor(buffer = new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#values = new BigInt64Array(buffer)
  }

  /** Nothing was stored yet in the file that the worker has opened at its opening number `count`. */
  begin(count: number): void {
    this.#store(last, 0)
    this.#store(first, 0)
    this.#store(opening, count)
  }

  add(numbers: Numbers): void {
    if (numbers.first !== this.#load(last) + 1) {
      // Nothing to be seen until both ends are there.
      this.#store(last, 0)
      this.#store(first, numbers.first)
    }
    this.#store(last, numbers.last)
  }

  /** For the worker: what was stored since its opening number `count`. */
  since(count: number): Numbers | undefined {
    const numbers = { last: this.#load(last), first: this.#load(first) }
    const isWhole = this.#load(opening) === count && this.#load(last) === numbers.last
    return isWhole && numbers.last > 0 ? numbers : undefined
  }

  #load(place: number): number {
    return Number(Atomics.load(this.#values, place))
  }

  #store(place: number, value: number): void {
    Atomics.store(this.#values, place, BigInt(value))
  }
}
