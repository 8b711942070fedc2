import {
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import type { History } from './history.ts'
import { ignoring } from './ignoring.ts'
import type { StreamNames } from './stream-names.ts'

export const subjectsOverlap = 10065
/** For any reason, and for want of its files. */
const creationFailed = [10049, 10077]
const maxCreations = 3
/** A claim that is seen for so long was left behind by a process that is gone. */
const staleMs = 2_000
const maxPauseMs = 20

/** What can be done with streams. */
export interface StreamSteps {
  readonly names: StreamNames
  /** The stream that has a channel's subject, or null. */
  find(api: JetStreamManager, channel: string): Promise<string | null>
  move(api: JetStreamManager, stream: string, subject: string): Promise<StreamInfo | null>
  forget(api: JetStreamManager, history: Pick<History, 'stream' | 'channel' | 'head'>): Promise<void>
  drop(api: JetStreamManager, stream: string): Promise<void>
  /** @throws SseError where the stream is none of the channel's. */
  assertIsOf(channel: string, stream: string): void
}

export interface ClaimOptions {
  readonly api: JetStreamManager
  readonly streams: StreamSteps
  readonly channel: string
}

/**
 * How a channel that has no stream gets one, and only one.
 *
 * That the server lets only one stream have a subject is not enough: without a cluster (2.10 and newer) it looks whether the subject
 * is free in one step, and takes it in another. Of processes that ask in the same moment, each gets a stream.
 *
 * So a stream begins with another subject, by which those that are to be the channel's see each other. Who has made one, and then
 * sees no other, was there before all the others, who will see it. Of several that see each other the first by name stays, and goes
 * on when the rest are gone. Only that one is given the channel's subject, and nothing can have been stored before.
 */
export class Claim {
  readonly #options: ClaimOptions
  readonly #stream: string
  readonly #subject: string

  constructor(options: ClaimOptions) {
    const { streams, channel } = options
    this.#options = options
    this.#stream = streams.names.fresh(channel)
    this.#subject = streams.names.claim(channel)
  }

  /** Gives the stream that was made; null where somebody else was or may be faster: look again. */
  async settle(config: Partial<StreamConfig>): Promise<string | null> {
    const { api, streams, channel } = this.#options
    const isMade = (await this.#make(config)) !== null
    const madeAt = performance.now()
    const isNext = await this.#untilNext(isMade)
    if (!isMade) return null
    if (isNext && (await streams.find(api, channel)) === null) {
      // Much later the others may have taken it for left behind.
      const isFresh = performance.now() - madeAt < staleMs / 2
      const settled = isFresh ? await this.#take() : null
      if (settled !== null) return this.#stream
    }
    await streams.drop(api, this.#stream)
    return null
  }

  async #make(config: Partial<StreamConfig>): Promise<StreamInfo | null> {
    for (let attempt = 1; ; attempt += 1) {
      const made = this.#options.api.streams.add({ ...config, name: this.#stream, subjects: [this.#subject] })
      try {
        return await ignoring(subjectsOverlap, made)
      } catch (error) {
        // What a cluster (2.10) says when it finds out late that the subject is taken is no stream, and the client stumbles over it.
        if (error instanceof TypeError) return null
        // With its last stream a server deletes the folder of all streams, where another one may just be made.
        const mayPass = error instanceof JetStreamApiError && creationFailed.includes(error.code)
        if (!mayPass || attempt === maxCreations) throw error
      }
    }
  }

  #take(): Promise<StreamInfo | null> {
    const { api, streams, channel } = this.#options
    return ignoring(subjectsOverlap, streams.move(api, this.#stream, streams.names.subject(channel)))
  }

  /** Waits until no other stream is to be the channel's; not where another one goes first. */
  async #untilNext(isMade: boolean): Promise<boolean> {
    const firstSeen = new Map<string, number>()
    for (;;) {
      const others = await this.#others()
      if (others.length === 0) return true
      if (isMade && others.some((other) => other < this.#stream)) return false
      const now = performance.now()
      for (const other of others) {
        if (now - (firstSeen.get(other) ?? now) > staleMs) await this.#takeAway(other)
        else if (!firstSeen.has(other)) firstSeen.set(other, now)
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * maxPauseMs))
    }
  }

  async #others(): Promise<string[]> {
    const { api, streams, channel } = this.#options
    const others: string[] = []
    for await (const stream of api.streams.names(this.#subject)) {
      streams.assertIsOf(channel, stream)
      if (stream !== this.#stream) others.push(stream)
    }
    return others
  }

  /** Should its process live and have given it the channel's subject, it keeps what it has. */
  async #takeAway(stream: string): Promise<void> {
    const { api, streams, channel } = this.#options
    await streams.forget(api, { stream, channel, head: 0 })
  }
}
