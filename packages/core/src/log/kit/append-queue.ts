import type { AppendOptions, Entry, Position } from '../event-log.ts'
import { encodeEntry } from './entry-text.ts'

/** One append on its way to the engine. */
export interface QueuedAppend {
  readonly channel: string
  readonly entry: Entry
  /** The entry as {@link encodeEntry} writes it. */
  readonly text: string
  readonly idempotencyKey: string | undefined
}

/** What became of one append: where it is stored, or why it alone is refused. */
export type AppendOutcome = Position | Error

export interface AppendQueueOptions {
  /** At most that many in a batch. */
  readonly maxEntries: number
  /** At most that much text in a batch, in UTF-16 units, where it is more than one entry. */
  readonly maxBytes: number
  /** Stores a batch in its order and gives an outcome for each. Where it rejects, each append rejects with that. */
  store(batch: readonly QueuedAppend[]): Promise<readonly AppendOutcome[]>
  /** Called when nothing waits and nothing is on its way. */
  onIdle?(): void
}

interface Waiting extends QueuedAppend {
  resolve(position: Position): void
  reject(error: unknown): void
  /** Called when nobody waits any more; only of those that can be aborted. */
  release?(): void
}

/**
 * Appends in the order of the calls. One batch is on its way, and what is appended meanwhile becomes the next: alone an append
 * is sent in the same turn, and under load one batch stores many.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions
  #waiting: Waiting[] = []
  #sending: Promise<void> | null = null

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  append(channel: string, entry: Entry, { idempotencyKey, signal }: AppendOptions): Promise<Position> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const waiting: Waiting = { channel, entry, text: encodeEntry(entry), idempotencyKey, resolve, reject }
      if (signal !== undefined) this.#endWith(signal, waiting)
      this.#waiting.push(waiting)
      this.#sending ??= this.#send()
    })
  }

  /** Refuses what waits, and resolves when what is on its way has been answered. */
  async close(error: unknown): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) {
      one.release?.()
      one.reject(error)
    }
    await this.#sending
  }

  /** Whoever stops waiting takes back what is not on its way yet. */
  #endWith(signal: AbortSignal, waiting: Waiting): void {
    const onAbort = () => {
      const place = this.#waiting.indexOf(waiting)
      if (place >= 0) this.#waiting.splice(place, 1)
      waiting.reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    waiting.release = () => signal.removeEventListener('abort', onAbort)
  }

  async #send(): Promise<void> {
    for (;;) {
      await callersHaveRun()
      if (this.#waiting.length === 0) break
      const batch = this.#takeBatch()
      try {
        settle(batch, await this.#options.store(batch))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      for (const one of batch) one.release?.()
    }
    this.#sending = null
    this.#options.onIdle?.()
  }

  #takeBatch(): Waiting[] {
    const { maxEntries, maxBytes } = this.#options
    let count = 0
    let bytes = 0
    for (const { text } of this.#waiting) {
      bytes += text.length
      if (count > 0 && (count === maxEntries || bytes > maxBytes)) break
      count += 1
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count)
    const all = this.#waiting
    this.#waiting = []
    return all
  }
}

/**
 * After all that runs at this moment, so that those who append in one turn, or append again once they were answered, share a
 * batch. Without it the first of a hundred would be sent alone, and the others wait for its answer.
 */
function callersHaveRun(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

function settle(batch: readonly Waiting[], outcomes: readonly AppendOutcome[]): void {
  batch.forEach(({ resolve, reject }, index) => {
    const outcome = outcomes[index] ?? new Error(`no outcome for entry ${index} of ${batch.length}`)
    if (outcome instanceof Error) reject(outcome)
    else resolve(outcome)
  })
}

/** An {@link AppendQueue} for each channel, there for as long as it has something to do. */
export class AppendQueues {
  readonly #options: Omit<AppendQueueOptions, 'onIdle'>
  readonly #queues = new Map<string, AppendQueue>()

  constructor(options: Omit<AppendQueueOptions, 'onIdle'>) {
    this.#options = options
  }

  append(channel: string, entry: Entry, options: AppendOptions): Promise<Position> {
    let queue = this.#queues.get(channel)
    if (queue === undefined) {
      queue = new AppendQueue({ ...this.#options, onIdle: () => this.#queues.delete(channel) })
      this.#queues.set(channel, queue)
    }
    return queue.append(channel, entry, options)
  }

  async close(error: unknown): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close(error)))
  }
}
