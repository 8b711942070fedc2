import {
  DiscardPolicy,
  JetStreamApiCodes,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { type ResolvedRetention, resolveRetention, SseError } from '@rivulet/core'
import { Claim, type StreamSteps, subjectsOverlap } from './claim.ts'
import { type History, historyOf, isEmptied, isForgotten } from './history.ts'
import { ignoring } from './ignoring.ts'
import type { StreamNames } from './stream-names.ts'
import { encodeNote, type StreamNote } from './stream-note.ts'

/** For how long the server knows the id of a message. The contract asks for two minutes from the answer to the first call. */
export const rememberMs = 3 * 60 * 1000
/** Channels whose streams and retentions are remembered: those used last. */
const maxRemembered = 10_000
/** Streams that may vanish or appear under the eyes of one call. */
const maxAttempts = 20

export interface StreamSettings {
  readonly storage: 'file' | 'memory'
  readonly replicas: 1 | 3 | 5
}

/** Finds, makes and deletes the streams of channels. */
export class Streams implements StreamSteps {
  readonly names: StreamNames
  readonly #settings: StreamSettings
  /** Of channels that were used: a stream that exists and has the channel's subject is the channel's only one. */
  readonly #known = new Map<string, string>()
  /** What this process was told to keep, for histories that begin. */
  readonly #retentions = new Map<string, ResolvedRetention>()

  constructor(names: StreamNames, settings: StreamSettings) {
    this.names = names
    this.#settings = settings
  }

  retain(channel: string, retention: ResolvedRetention): void {
    remember(this.#retentions, channel, retention)
  }

  /** The channel's history as it is now; begun where there is none. */
  async open(api: JetStreamManager, channel: string): Promise<History> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const history = await this.#look(api, channel)
      if (history === null) continue
      if (isEmptied(history)) await this.drop(api, history.stream)
      else if (isForgotten(history)) await this.forget(api, history)
      else return history
    }
    throw new Error(`the stream of channel "${channel}" does not stay`)
  }

  /** The stream of a channel, or null where there is none. */
  async find(api: JetStreamManager, channel: string): Promise<string | null> {
    const found = await ignoring(
      JetStreamApiCodes.StreamNotFound,
      api.streams.find(this.names.subject(channel)),
    )
    if (found !== null) this.assertIsOf(channel, found)
    return found
  }

  assertIsOf(channel: string, stream: string): void {
    if (this.names.isOf(channel, stream)) return
    throw new SseError(
      'ERR_SSE_LOG_FOREIGN_KEY',
      `The stream "${stream}" takes the subject of channel "${channel}": give the log another prefix.`,
      { value: stream },
    )
  }

  /** All histories under the prefix; not what somebody else has put there. */
  async *list(api: JetStreamManager): AsyncGenerator<History> {
    for await (const info of api.streams.list(this.names.all)) {
      const history = this.names.isOurs(info.config.name) ? readableHistoryOf(info) : null
      if (history !== null) yield history
    }
  }

  /** Whether a history is the one that its channel has now. */
  isCurrent({ channel, subjects }: Pick<History, 'channel' | 'subjects'>): boolean {
    return subjects.includes(this.names.subject(channel))
  }

  /**
   * Deletes a history that nobody uses. Its subject is taken away first: what is published from then on goes into a new history, and
   * if something came in just before, it stays; unless a new history has begun by then, which those who use this one are told.
   */
  async forget(
    api: JetStreamManager,
    { stream, channel, head }: Pick<History, 'stream' | 'channel' | 'head'>,
  ): Promise<void> {
    const subject = this.names.subject(channel)
    const taken = await this.move(api, stream, `${subject}-forgotten`)
    const isUsed = taken !== null && taken.state.last_seq > head
    const back = isUsed ? await ignoring(subjectsOverlap, this.move(api, stream, subject)) : null
    if (back === null) await this.drop(api, stream)
  }

  /** Gives a stream another subject; null where it is gone. */
  move(api: JetStreamManager, stream: string, subject: string): Promise<StreamInfo | null> {
    return this.#update(api, stream, { subjects: [subject] })
  }

  async drop(api: JetStreamManager, stream: string): Promise<void> {
    await ignoring(JetStreamApiCodes.StreamNotFound, api.streams.delete(stream))
  }

  /** Writes down that a stream is in use, and leaves the rest of its note as it is now. */
  async touch(api: JetStreamManager, stream: string): Promise<void> {
    const info = await infoOf(api, stream)
    if (info !== null) await this.note(api, stream, { ...historyOf(info), usedAt: Date.now() })
  }

  /** Writes a stream's note, where it exists still. */
  async note(api: JetStreamManager, stream: string, note: StreamNote): Promise<void> {
    await this.#update(api, stream, { description: encodeNote(note) })
  }

  #update(api: JetStreamManager, stream: string, config: Partial<StreamConfig>): Promise<StreamInfo | null> {
    return ignoring(JetStreamApiCodes.StreamNotFound, api.streams.update(stream, config))
  }

  async #look(api: JetStreamManager, channel: string): Promise<History | null> {
    const stream =
      this.#known.get(channel) ?? (await this.find(api, channel)) ?? (await this.#begin(api, channel))
    if (stream === null) return null
    const info = await infoOf(api, stream)
    const history = info === null ? null : historyOf(info)
    if (history?.subjects.includes(this.names.subject(channel))) {
      remember(this.#known, channel, stream)
      return history
    }
    this.#known.delete(channel)
    return null
  }

  async #begin(api: JetStreamManager, channel: string): Promise<string | null> {
    const config = {
      description: encodeNote({
        channel,
        retention: this.#retentions.get(channel) ?? resolveRetention({}),
        usedAt: 0,
      }),
      storage: this.#settings.storage === 'file' ? StorageType.File : StorageType.Memory,
      num_replicas: this.#settings.replicas,
      duplicate_window: nanos(rememberMs),
      allow_direct: true,
      // A single message that is deleted would be a hole.
      deny_delete: true,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
    }
    return new Claim({ api, streams: this, channel }).settle(config)
  }
}

/** What the server says of a stream, or null where it is gone. */
function infoOf(api: JetStreamManager, stream: string): Promise<StreamInfo | null> {
  return ignoring(JetStreamApiCodes.StreamNotFound, api.streams.info(stream))
}

/** Null where it is none of ours, in spite of its name. */
function readableHistoryOf(info: StreamInfo): History | null {
  try {
    return historyOf(info)
  } catch {
    // Whoever uses the channel is told.
    return null
  }
}

function remember<T>(map: Map<string, T>, channel: string, value: T): void {
  map.delete(channel)
  map.set(channel, value)
  for (const oldest of map.keys()) {
    if (map.size <= maxRemembered) break
    map.delete(oldest)
  }
}
