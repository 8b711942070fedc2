import type { Abortable } from './abortable.ts'

/** One for all: a reason has the stack of the abort, which would keep the subscription for as long as a log keeps the reason. */
const closed = new DOMException('The subscription was closed.', 'AbortError')

/** What one subscription waits for its log to answer; given up when it closes. */
export class LogWaits implements Abortable {
  readonly reason: unknown = closed
  #listeners: Set<() => void> | null = null
  #controller: AbortController | null = null
  #count = 0
  #isOver = false

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isOver) this.#controller.abort(closed)
    return this.#controller.signal
  }

  throwIfAborted(): void {
    if (this.#isOver) throw closed
  }

  whenAborted(listener: () => void): () => void {
    if (this.#isOver) {
      listener()
      return () => {}
    }
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    return () => this.#listeners?.delete(listener)
  }

  /** What `work` gives; `null` once nobody wants it, however `work` ends then. */
  async wait<T>(work: (waits: Abortable) => Promise<T>): Promise<T | null> {
    if (this.#isOver) return null
    this.#count += 1
    try {
      const result = await work(this)
      return this.#isOver ? null : result
    } catch (error) {
      if (this.#isOver) return null
      throw error
    } finally {
      this.#count -= 1
      if (this.#count === 0) this.#forget()
    }
  }

  giveUp(): void {
    this.#isOver = true
    const listeners = this.#listeners ?? []
    const controller = this.#controller
    this.#forget()
    controller?.abort(closed)
    for (const listener of listeners) listener()
  }

  /** Most wait once, to open, and stay for long. */
  #forget(): void {
    this.#listeners = null
    this.#controller = null
  }
}
