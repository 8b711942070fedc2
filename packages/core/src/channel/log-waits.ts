/** One for all: a reason has the stack of the abort, which would keep the subscription for as long as a log keeps the reason. */
const closed = new DOMException('The subscription was closed.', 'AbortError')

/** What one subscription waits for its log to answer; given up when it closes. */
export class LogWaits {
  #controller: AbortController | null = null
  #count = 0
  #isOver = false

  /** What `work` gives; `null` once nobody wants it, however `work` ends then. */
  async wait<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    if (this.#isOver) return null
    this.#controller ??= new AbortController()
    this.#count += 1
    try {
      const result = await work(this.#controller.signal)
      return this.#isOver ? null : result
    } catch (error) {
      if (this.#isOver) return null
      throw error
    } finally {
      this.#count -= 1
      // Most wait once, to open, and stay for long.
      if (this.#count === 0) this.#controller = null
    }
  }

  giveUp(): void {
    this.#isOver = true
    this.#controller?.abort(closed)
  }
}
