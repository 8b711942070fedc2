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
import {
  type AppendOutcome,
  AppendQueue,
  decodeEntry,
  epochLength,
  Follower,
  logClosedError,
  type QueuedAppend,
  randomText,
  within,
} from '@rivulet/core/log-kit'
import { appendRequest, settleBatch } from './append-batch.ts'
import type {
  AppendRequest,
  AppendResult,
  ChannelRequest,
  Page,
  StoredRetention,
  WorkerRequest,
} from './file/protocol.ts'
import { graceMs, lateError } from './late.ts'
import { logError } from './log-error.ts'
import { followAgain, NewsFeed, tellNews } from './news-feed.ts'
import { OwnCommits } from './own/own-commits.ts'
import { StorageThread } from './storage-thread.ts'
import { defaultRetention, storedRetention } from './stored-retention.ts'

/** The lock is held for a few milliseconds for so many. */
const batchLimits = { maxEntries: 256, maxBytes: 1024 * 1024 }
/** Retentions remembered, for channels that the file has lost: those set last. */
const maxRetentions = 10_000
/** Upkeep several times within the time after which followers look for themselves. */
const upkeepsPerCheck = 3
const maxUpkeepMs = 5_000
/** How long batches may follow each other within one turn of the event loop. A turn for each would be a tenth of what a quick one takes. */
const turnMs = 1
/** Of pages, in entries: more than any channel keeps. */
const maxLimit = 1_000_000_000

export interface SqliteLogSettings {
  readonly file: string
  readonly synchronous: 'full' | 'normal'
  readonly answerMs: number
  readonly checkMs: number
  readonly pollMs: number
}

interface Clock {
  /** In milliseconds. */
  now(): number
}

/**
 * The log contract over one SQLite file. One batch of appends at a time is on its way: it is committed here where that is quick, else by the thread
 * that does everything else.
 */
export class SqliteLog implements EventLog {
  readonly #answerMs: number
  readonly #thread: StorageThread
  readonly #own: OwnCommits
  readonly #follower: Follower
  readonly #queue: AppendQueue
  /** Channels that have tails. */
  readonly #followed = new Set<string>()
  readonly #retentions = new Map<string, StoredRetention>()
  readonly #stopping = new AbortController()
  readonly #clock: Clock
  #turnedAt = Number.NEGATIVE_INFINITY
  #closing: Promise<void> | null = null

  constructor(
    { file, synchronous, answerMs, checkMs, pollMs }: SqliteLogSettings,
    clock: Clock = performance,
  ) {
    this.#answerMs = answerMs
    this.#clock = clock
    this.#own = new OwnCommits({
      file,
      synchronous,
      tell: (request) => this.#thread.tell(request),
      now: () => clock.now(),
    })
    const ownEntries = this.#own.entries.buffer
    const upkeepMs = Math.min(checkMs / upkeepsPerCheck, maxUpkeepMs)
    this.#thread = new StorageThread({ file, synchronous, pollMs, upkeepMs, ownEntries }, answerMs, {
      opened: (opened) => this.#own.opened(opened),
      checkpointed: (wal) => this.#own.checkpointed(wal),
      news: (news) => tellNews(this.#follower, news),
      missed: () => this.#follower.wake(),
      broken: (failure) => this.#follower.fail(failure),
      lost: (failure) => this.#lost(failure),
    })
    this.#follower = new Follower({
      feed: (follower) => new NewsFeed(this.#thread, follower, this.#followed),
      read: (channel, options) => this.#read(channel, options),
      checkMs,
      toError: (error) => logError('Following channels', error),
    })
    this.#queue = new AppendQueue({ ...batchLimits, store: (batch) => this.#store(batch) })
  }

  append(channel: string, entry: Entry, options: AppendOptions = {}): Promise<Position> {
    if (this.#closing !== null) return Promise.reject(logClosedError('SQLite'))
    return this.#queue.append(channel, entry, options)
  }

  async read(channel: string, options: ReadOptions): Promise<ReadResult> {
    this.#assertOpen()
    return this.#read(channel, options)
  }

  async tail(channel: string, options: TailOptions, handlers: TailHandlers): Promise<void> {
    this.#assertOpen()
    await this.#follower.follow(channel, options, handlers)
  }

  async configure(channel: string, { retention }: { readonly retention: Retention }): Promise<void> {
    this.#assertOpen()
    this.#remember(channel, storedRetention(retention))
    await this.#ask(`Configuring channel "${channel}"`, { do: 'configure', ...this.#channel(channel) })
  }

  async delete(channel: string): Promise<void> {
    this.#assertOpen()
    await this.#ask(`Deleting channel "${channel}"`, { do: 'delete', ...this.#channel(channel) })
    this.#follower.wake(channel)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #store(batch: readonly QueuedAppend[]): Promise<readonly AppendOutcome[]> {
    const request = appendRequest(batch, (channel) => this.#channel(channel))
    // Not past a batch that the thread still has.
    const own = this.#thread.isAppending ? null : this.#own.commit(request)
    if (own === null) {
      const result = (await this.#ask(appending(request), request)) as AppendResult // the thread's answer to an append
      return settleBatch(batch, request, result, this.#follower, this.#followed)
    }
    if (own.synced === null) await this.#leaveTurns()
    else await this.#untilSynced(own.synced, request)
    return settleBatch(batch, request, own.result, this.#follower, this.#followed)
  }

  /** Those who publish again as soon as they are answered would keep the event loop from everything else. */
  async #leaveTurns(): Promise<void> {
    if (this.#clock.now() - this.#turnedAt < turnMs) return
    await nextTurn()
    this.#turnedAt = this.#clock.now()
  }

  async #untilSynced(synced: Promise<void>, request: AppendRequest): Promise<void> {
    try {
      await within(synced, this.#answerMs + graceMs, () => lateError(this.#answerMs))
    } catch (error) {
      this.#own.rest()
      // It may be lost again, and until then it is there.
      for (const { channel } of request.channels) this.#follower.wake(channel)
      throw logError(appending(request), error)
    }
  }

  async #read(channel: string, { after, limit, signal }: ReadOptions): Promise<ReadResult> {
    const request: WorkerRequest = {
      do: 'read',
      ...this.#channel(channel),
      after,
      limit: Math.min(limit, maxLimit),
    }
    const page = (await this.#ask(`Reading channel "${channel}"`, request, signal)) as Page // its answer to a read
    const { bodies, invalid, after: start, ...bounds } = page
    // Arrays and objects of our own: those that came from the thread are another realm's where this runs in a context (Jest).
    const entries = Array.from(bodies, (body, index) => decodeEntry(body, start.offset + 1 + index))
    return { ...bounds, after: { ...start }, entries, ...(invalid === undefined ? {} : { invalid }) }
  }

  async #ask(doing: string, request: WorkerRequest, signal?: AbortSignal): Promise<unknown> {
    try {
      return await this.#thread.request(request, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw logError(doing, error)
    }
  }

  #channel(channel: string): ChannelRequest {
    const retention = this.#retentions.get(channel) ?? defaultRetention
    return { channel, epoch: randomText(epochLength), retention }
  }

  #lost(failure: Error): void {
    this.#own.close()
    this.#follower.fail(failure)
    // Waiting ends by the signal when the log is closed.
    followAgain(this.#thread, this.#follower, this.#stopping.signal).catch(() => {})
  }

  async #close(): Promise<void> {
    this.#stopping.abort()
    this.#follower.close()
    await this.#queue.close(logClosedError('SQLite'))
    this.#own.close()
    await this.#thread.close()
  }

  #remember(channel: string, retention: StoredRetention): void {
    this.#retentions.delete(channel)
    this.#retentions.set(channel, retention)
    for (const oldest of this.#retentions.keys()) {
      if (this.#retentions.size <= maxRetentions) break
      this.#retentions.delete(oldest)
    }
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw logClosedError('SQLite')
  }
}

function appending({ channels: [first, ...others] }: AppendRequest): string {
  return others.length === 0
    ? `Appending to channel "${first?.channel}"`
    : `Appending to ${others.length + 1} channels`
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
