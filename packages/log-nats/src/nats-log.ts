import type { NatsConnection } from '@nats-io/transport-node'
import {
  type AppendOptions,
  type Entry,
  type EventLog,
  type Position,
  type ReadOptions,
  type ReadResult,
  type Retention,
  resolveRetention,
  type TailHandlers,
  type TailOptions,
} from '@rivulet/core'
import { AppendQueues, Follower, logClosedError } from '@rivulet/core/log-kit'
import { Appender, batchLimits } from './append/appender.ts'
import { Link } from './connection/link.ts'
import { ConsumerFeed } from './follow/consumer-feed.ts'
import { logError } from './log-error.ts'
import { type ReadParts, readHistory } from './read/history-reader.ts'
import { IdleSweeper } from './retention/idle-sweeper.ts'
import { Trimmer } from './retention/trimmer.ts'
import { Messages } from './stream/messages.ts'
import { StreamNames } from './stream/stream-names.ts'
import { encodeNote } from './stream/stream-note.ts'
import { Streams } from './stream/streams.ts'

/** How many times `checkMs` until unused channels are looked for again. */
const checksPerSweep = 4

export interface NatsLogSettings {
  readonly connection: NatsConnection
  readonly prefix: string
  readonly storage: 'file' | 'memory'
  readonly replicas: 1 | 3 | 5
  readonly answerMs: number
  readonly checkMs: number
}

/** The log contract over JetStream: one stream per history of a channel, whose sequence is the offset. */
export class NatsLog implements EventLog {
  readonly #parts: ReadParts
  readonly #appender: Appender
  readonly #queues: AppendQueues
  readonly #trimmer: Trimmer
  readonly #follower: Follower
  readonly #sweeper: IdleSweeper
  #closing: Promise<void> | null = null

  constructor({ connection, prefix, storage, replicas, answerMs, checkMs }: NatsLogSettings) {
    const link = new Link(connection, answerMs)
    const streams = new Streams(new StreamNames(prefix), { storage, replicas })
    const parts = { link, streams, messages: new Messages(link) }
    this.#parts = parts
    this.#trimmer = new Trimmer(parts)
    this.#appender = new Appender({
      ...parts,
      answerMs,
      onStored: (channel, count, bytes) => this.#trimmer.note(channel, count, bytes),
    })
    this.#queues = new AppendQueues({ ...batchLimits, store: (batch) => this.#appender.store(batch) })
    this.#follower = new Follower({
      feed: (follower) => new ConsumerFeed({ ...parts, follower, checkMs }),
      read: (channel, options) => readHistory(parts, channel, options),
      checkMs,
      toError: (error) => logError('Following channels', error),
    })
    const everyMs = checkMs * checksPerSweep
    this.#sweeper = new IdleSweeper({ link, streams, everyMs, followed: () => this.#follower.channels() })
  }

  append(channel: string, entry: Entry, options: AppendOptions = {}): Promise<Position> {
    if (this.#closing !== null) return Promise.reject(logClosedError('NATS'))
    return this.#queues.append(channel, entry, options)
  }

  async read(channel: string, options: ReadOptions): Promise<ReadResult> {
    this.#assertOpen()
    return readHistory(this.#parts, channel, options)
  }

  async tail(channel: string, options: TailOptions, handlers: TailHandlers): Promise<void> {
    this.#assertOpen()
    await this.#follower.follow(channel, options, handlers)
  }

  async configure(channel: string, options: { readonly retention: Retention }): Promise<void> {
    this.#assertOpen()
    const { link, streams } = this.#parts
    const doing = `Configuring channel "${channel}"`
    const retention = resolveRetention(options.retention)
    streams.retain(channel, retention)
    const history = await link.run({ doing, ask: (api) => streams.open(api, channel) })
    const note = { ...history, retention }
    if (encodeNote(note) === encodeNote(history)) return
    await link.run({ doing, ask: (api) => streams.note(api, history.stream, note) })
    await this.#trimmer.trim(channel)
  }

  async delete(channel: string): Promise<void> {
    this.#assertOpen()
    const { link, streams } = this.#parts
    const doing = `Deleting channel "${channel}"`
    const stream = await link.run({ doing, ask: (api) => streams.find(api, channel) })
    if (stream !== null) await link.run({ doing, ask: (api) => streams.drop(api, stream) })
    this.#appender.forget(channel)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#follower.close()
    await this.#queues.close(logClosedError('NATS'))
    await Promise.all([this.#trimmer.close(), this.#sweeper.close()])
    this.#appender.close()
    this.#parts.messages.close()
    this.#parts.link.close()
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw logClosedError('NATS')
  }
}
