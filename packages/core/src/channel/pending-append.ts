import type { Position } from '../log/event-log.ts'
import { WheelEntry, wheel } from '../stream/timer-wheel.ts'
import { SseError, show } from '../wire/sse-error.ts'

export interface PendingAppendParts<T> {
  /** What the log has promised. */
  readonly appended: Promise<Position>
  readonly bytes: number
  readonly timeoutMs: number | false
  readonly signal: AbortSignal | undefined
  readonly channel: string
  /** What the caller is given for a place in the log. */
  readonly toResult: (position: Position) => T
  /** Told when the log has answered, whether or not somebody still waits: it is the log's memory that is bounded. */
  readonly counter: { answered(bytes: number): void }
}

/** Waits for the log, for at most so long. */
export function waitForAppend<T>(parts: PendingAppendParts<T>): Promise<T> {
  return new Promise((resolve, reject) => new PendingAppend(parts, resolve, reject).start())
}

class PendingAppend<T> extends WheelEntry {
  readonly #parts: PendingAppendParts<T>
  readonly #resolve: (result: T) => void
  readonly #reject: (error: unknown) => void
  #onAbort: (() => void) | undefined

  constructor(parts: PendingAppendParts<T>, resolve: (result: T) => void, reject: (error: unknown) => void) {
    super()
    this.#parts = parts
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    const { appended, timeoutMs, signal } = this.#parts
    if (timeoutMs !== false) wheel.schedule(this, performance.now() + timeoutMs)
    if (signal !== undefined) {
      this.#onAbort = () => this.#fail(signal.reason)
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    appended.then(
      (position) => {
        this.#answered()
        try {
          this.#resolve(this.#parts.toResult(position))
        } catch (error) {
          // A log that gives no position.
          this.#reject(error)
        }
      },
      (error: unknown) => {
        this.#answered()
        this.#reject(error)
      },
    )
  }

  onDue(): number {
    const { channel, timeoutMs } = this.#parts
    this.#fail(
      new SseError(
        'ERR_SSE_TIMEOUT',
        `The log of channel ${show(channel)} did not answer within ${timeoutMs} ms; the event may or may not appear. Use an idempotencyKey to publish it again.`,
        { value: timeoutMs },
      ),
    )
    return Number.POSITIVE_INFINITY
  }

  #answered(): void {
    const { counter, bytes } = this.#parts
    counter.answered(bytes)
    this.#stop()
  }

  #fail(error: unknown): void {
    this.#stop()
    this.#reject(error)
  }

  #stop(): void {
    wheel.cancel(this)
    if (this.#onAbort !== undefined) this.#parts.signal?.removeEventListener('abort', this.#onAbort)
  }
}
