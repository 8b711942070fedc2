import { within } from './within.ts'

/** Hands values over from where they appear to where they are waited for, in order. */
export class Inbox<T> {
  readonly #what: string
  readonly #values: T[] = []
  readonly #takers: ((value: T) => void)[] = []

  /** @param what What is waited for, for the error when it does not come. */
  constructor(what: string) {
    this.#what = what
  }

  /** Values that nobody has taken. */
  get size(): number {
    return this.#values.length
  }

  put(value: T): void {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#values.push(value)
    else taker(value)
  }

  take(): Promise<T> {
    const [value] = this.#values
    if (this.#values.length > 0) {
      this.#values.shift()
      return Promise.resolve(value as T) // there was one
    }
    return within(new Promise<T>((resolve) => this.#takers.push(resolve)), this.#what)
  }
}
