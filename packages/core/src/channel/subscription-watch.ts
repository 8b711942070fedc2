import type { Position } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { becameSlow, type ChannelReplayMessage, type ChannelSlowMessage, replayed } from './diagnostics.ts'

/** What diagnostics tell of one subscription; made only where somebody listened when it began. */
export class SubscriptionWatch {
  readonly #stream: EventStream
  readonly #channel: string
  readonly #startedAt = performance.now()
  #start: Position | null
  #isSlow = false

  /** @param start Where it begins. */
  constructor(stream: EventStream, channel: string, start: Position) {
    this.#stream = stream
    this.#channel = channel
    this.#start = start
  }

  /** Its socket is full, with so many entries to come. */
  slow(behind: number): void {
    if (this.#isSlow) return
    this.#isSlow = true
    becameSlow.publish({ stream: this.#stream, channel: this.#channel, behind } satisfies ChannelSlowMessage)
  }

  /** It is at the newest entry. */
  caughtUp({ offset }: Position): void {
    this.#isSlow = false
    const start = this.#start
    if (start === null) return
    this.#start = null
    const length = offset - start.offset
    if (length === 0) return
    replayed.publish({
      stream: this.#stream,
      channel: this.#channel,
      length,
      durationMs: performance.now() - this.#startedAt,
    } satisfies ChannelReplayMessage)
  }
}
