import type { Position, StoredEntry, TailHandlers } from './event-log.ts'
import type { MemoryHistory } from './memory-history.ts'

/** One follower of one channel, handed from history to history. */
export class MemoryTail {
  onStop: (() => void) | undefined
  readonly #handlers: TailHandlers
  #history: MemoryHistory | undefined
  /** Offset of the newest entry that it was given in that history. */
  #head = 0
  #isStopped = false

  constructor(handlers: TailHandlers) {
    this.#handlers = handlers
  }

  /** Follows a history from a position on, or, where it has none there, from its start. */
  follow(history: MemoryHistory, after?: Position): void {
    if (this.#isStopped) return
    this.#history?.followers.delete(this.#follow)
    this.#history = history
    const {
      entries,
      after: start,
      invalid,
    } = history.read({ after: after ?? 'start', limit: Number.MAX_SAFE_INTEGER })
    history.followers.add(this.#follow)
    this.#head = start.offset + entries.length
    if (after === undefined || invalid !== undefined) this.#handlers.reset(start)
    if (entries.length > 0 && !this.#isStopped) this.#handlers.entries(entries)
  }

  stop(): void {
    this.#isStopped = true
    this.#history?.followers.delete(this.#follow)
    this.onStop?.()
  }

  readonly #follow = (entry: StoredEntry): void => {
    // One that begins while others are being given an entry has read it by itself.
    if (entry.offset <= this.#head) return
    this.#head = entry.offset
    this.#handlers.entries([entry])
  }
}
