import type {
  AppendOptions,
  Entry,
  EventLog,
  Position,
  ReadOptions,
  ReadResult,
  Retention,
  TailHandlers,
  TailOptions,
} from '@rivulet/core'
import { AppendQueues, epochLength, Follower, logClosedError, randomText } from '@rivulet/core/log-kit'
import { batchLimits, type LogParts, storeBatch } from './batch-store.ts'
import type { Driver } from './client/driver.ts'
import { Engine } from './engine.ts'
import { PubSubFeed } from './follow/pubsub-feed.ts'
import { readHistory } from './history-reader.ts'
import { KeyNames } from './key-names.ts'
import { logError } from './log-error.ts'
import { defaultRetention, encodeRetention } from './retention-text.ts'
import { configureScript } from './script/configure.ts'
import { deleteScript } from './script/delete.ts'

const writerLength = 12
/** Retentions remembered, for channels whose meta hash is lost: those set last. */
const maxRetentions = 10_000

interface RedisLogSettings {
  readonly prefix: string
  readonly answerMs: number
  readonly checkMs: number
}

/** The log contract over Redis: one script per call, and one connection that follows. */
export class RedisLog implements EventLog {
  readonly #engine: Engine
  readonly #names: KeyNames
  readonly #follower: Follower
  readonly #parts: LogParts
  readonly #queues: AppendQueues
  readonly #retentions = new Map<string, string>()
  #batchCount = 0
  #isClosed = false

  constructor(driver: Driver, { prefix, answerMs, checkMs }: RedisLogSettings) {
    this.#engine = new Engine(driver, answerMs)
    this.#names = new KeyNames(prefix, driver)
    this.#parts = {
      engine: this.#engine,
      names: this.#names,
      writer: randomText(writerLength),
      nextBatch: () => {
        this.#batchCount += 1
        return this.#batchCount
      },
      scriptStart: (channel) => [randomText(epochLength), this.#retentions.get(channel) ?? defaultRetention],
    }
    this.#queues = new AppendQueues({ ...batchLimits, store: (batch) => storeBatch(this.#parts, batch) })
    this.#follower = new Follower({
      feed: (follower) => new PubSubFeed(driver, this.#names, follower),
      read: (channel, options) => readHistory(this.#parts, channel, options),
      checkMs,
      toError: (error) => logError('Following channels', error),
    })
  }

  append(channel: string, entry: Entry, options: AppendOptions = {}): Promise<Position> {
    if (this.#isClosed) return Promise.reject(logClosedError('Redis'))
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

  async configure(channel: string, { retention }: { readonly retention: Retention }): Promise<void> {
    this.#assertOpen()
    const encoded = encodeRetention(retention)
    this.#remember(channel, encoded)
    await this.#engine.run({
      doing: `Configuring channel "${channel}"`,
      script: configureScript,
      keys: this.#names.history(channel),
      args: [...this.#parts.scriptStart(channel), encoded],
    })
  }

  async delete(channel: string): Promise<void> {
    this.#assertOpen()
    await this.#engine.run({
      doing: `Deleting channel "${channel}"`,
      script: deleteScript,
      keys: this.#names.history(channel),
      args: [
        ...this.#parts.scriptStart(channel),
        this.#engine.driver.publishCommand,
        this.#names.published(channel),
      ],
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#follower.close()
    await this.#queues.close(logClosedError('Redis'))
    this.#engine.close()
  }

  #remember(channel: string, retention: string): void {
    this.#retentions.delete(channel)
    this.#retentions.set(channel, retention)
    for (const oldest of this.#retentions.keys()) {
      if (this.#retentions.size <= maxRetentions) break
      this.#retentions.delete(oldest)
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw logClosedError('Redis')
  }
}
