import type { JetStreamManager } from '@nats-io/jetstream'
import type { Link } from '../connection/link.ts'
import { isPassing } from '../connection/passing-error.ts'
import { type History, isForgotten, looksIdle } from '../stream/history.ts'
import type { Streams } from '../stream/streams.ts'

export interface IdleSweeperOptions {
  readonly link: Link
  readonly streams: Streams
  /** How often it looks, in milliseconds, up to half as much later, so that processes do not look at the same time. */
  readonly everyMs: number
  /** Channels that this process follows. */
  readonly followed: () => Iterable<string>
}

/** Forgets channels that nobody uses, and keeps in use what is followed here: JetStream does not delete streams by itself. */
export class IdleSweeper {
  readonly #options: IdleSweeperOptions
  #timer: NodeJS.Timeout | undefined
  #sweeping: Promise<void> | null = null
  #isClosed = false

  constructor(options: IdleSweeperOptions) {
    this.#options = options
    this.#wait()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#sweeping
  }

  #wait(): void {
    if (this.#isClosed) return
    const delayMs = this.#options.everyMs * (1 + Math.random() / 2)
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweep().finally(() => this.#wait())
    }, delayMs)
    this.#timer.unref()
  }

  async #sweep(): Promise<void> {
    const { link } = this.#options
    if (!link.isUp) return
    try {
      await link.run({ doing: 'Looking for unused channels', ask: (api) => this.#look(api) })
    } catch {
      // Next time is as good. What fails here fails for those who publish and read, who are told.
    }
  }

  async #look(api: JetStreamManager): Promise<void> {
    const { streams, followed } = this.#options
    const inUse = new Set(followed())
    for await (const history of streams.list(api)) {
      if (this.#isClosed) return
      try {
        await this.#tend(api, history, inUse)
      } catch (error) {
        if (isPassing(error)) throw error
        // What is wrong with one stream keeps nobody from the others.
      }
    }
  }

  async #tend(api: JetStreamManager, history: History, inUse: ReadonlySet<string>): Promise<void> {
    const { streams } = this.#options
    if (isForgotten(history)) await streams.forget(api, history)
    else if (inUse.has(history.channel) && streams.isCurrent(history) && looksIdle(history)) {
      await streams.touch(api, history.stream)
    }
  }
}
