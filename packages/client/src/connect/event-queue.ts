interface Taker<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

/** Events between whoever brings them and whoever takes them one by one. */
export class EventQueue<T> {
  readonly #highWaterMark: number
  readonly #items: T[] = []
  readonly #takers: Taker<T>[] = []
  #onRoom: (() => void) | null = null
  #isEnded = false
  /** Told once to whoever takes behind the last item. */
  #error: unknown

  constructor(highWaterMark: number) {
    this.#highWaterMark = highWaterMark
  }

  put(item: T): void {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#items.push(item)
    else taker.resolve({ done: false, value: item })
  }

  /** Resolves when it takes more; `null`: it does. */
  room(): Promise<void> | null {
    if (this.#isEnded || this.#items.length < this.#highWaterMark) return null
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  /** Whoever waits for room goes on without. */
  release(): void {
    this.#onRoom?.()
  }

  /** What there is can still be taken; behind it comes the end, or the error. */
  end(error?: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#error = error
    this.release()
    for (const taker of this.#takers.splice(0)) this.#finish(taker)
  }

  /** Nobody takes any more. */
  discard(): void {
    this.#items.length = 0
    this.end()
  }

  take(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      const item = this.#items.shift()
      if (item !== undefined) {
        if (this.#items.length < this.#highWaterMark) this.release()
        resolve({ done: false, value: item })
      } else if (this.#isEnded) {
        this.#finish({ resolve, reject })
      } else {
        this.#takers.push({ resolve, reject })
      }
    })
  }

  #finish({ resolve, reject }: Taker<T>): void {
    const error = this.#error
    this.#error = undefined
    if (error === undefined) resolve({ done: true, value: undefined })
    else reject(error)
  }
}
