import type { Position, ReadOptions, ReadResult, TailHandlers, TailOptions } from '../event-log.ts'
import { backOff } from './back-off.ts'
import type { Feed } from './feed.ts'
import type { LogMessage } from './message.ts'
import { Tail } from './tail.ts'
import { Turns } from './turns.ts'

/** Reads of tails at the same time: after a reconnect every tail reads. */
const readsAtOnce = 32
/** How many times within `checkMs` tails are looked at: not all at the same moment. */
const looksPerCheck = 10

export interface FollowerOptions {
  /** Makes what tells of new entries; called once. */
  readonly feed: (follower: Follower) => Feed
  /** As `EventLog.read`. */
  readonly read: (channel: string, options: ReadOptions) => Promise<ReadResult>
  /** After that long without news a tail looks whether it is still where the log is, in milliseconds. */
  readonly checkMs: number
  /** The coded error for what a feed fails with. */
  readonly toError: (error: unknown) => unknown
}

/** The tails of one channel, which share its place in the feed. */
interface Followed {
  readonly tails: Set<Tail>
  readonly stopping: AbortController
}

/** Follows the channels of a log through one feed, which runs only while there are tails. */
export class Follower {
  readonly #options: FollowerOptions
  readonly #feed: Feed
  readonly #turns = new Turns(readsAtOnce)
  readonly #followed = new Map<string, Followed>()
  readonly #stopTails = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#feed = options.feed(this)
  }

  /**
   * As `EventLog.tail`: until the signal aborts or the follower is closed.
   *
   * @throws (rejects) the coded error where the feed cannot be started.
   */
  async follow(channel: string, { after, signal }: TailOptions, handlers: TailHandlers): Promise<void> {
    if (signal.aborted) return
    const stopping = new AbortController()
    const read = (options: ReadOptions) => this.#turns.take(() => this.#options.read(channel, options))
    const tail = new Tail(read, { after, signal: stopping.signal }, handlers)
    let stop = () => {}
    const stopped = new Promise<void>((resolve) => {
      stop = () => {
        signal.removeEventListener('abort', stop)
        stopping.abort()
        this.#stopTails.delete(stop)
        resolve()
      }
    })
    signal.addEventListener('abort', stop)
    this.#stopTails.add(stop)
    try {
      this.#add(channel, tail)
    } catch (error) {
      stop()
      throw this.#options.toError(error)
    }
    await stopped
    this.#remove(channel, tail)
  }

  close(): void {
    for (const stop of this.#stopTails) stop()
  }

  /** Whether somebody follows it now. */
  follows(channel: string): boolean {
    return this.#followed.has(channel)
  }

  /** What is followed now. */
  channels(): IterableIterator<string> {
    return this.#followed.keys()
  }

  /** For the feed: this was heard. */
  take(channel: string, message: LogMessage): void {
    for (const tail of this.#tails(channel)) tail.take(message)
  }

  /** For the feed: something may be new, or have been missed, in one channel or in all. */
  wake(channel?: string): void {
    const channels = channel === undefined ? this.channels() : [channel]
    for (const name of channels) for (const tail of this.#tails(name)) tail.repair()
  }

  /** For the feed: a poll has seen this head. Tails that are elsewhere read on. */
  headIs(channel: string, head: Position): void {
    for (const tail of this.#tails(channel)) tail.see(head)
  }

  /** For the feed: it is interrupted, for some channels or for all. */
  fail(error: unknown, channels: Iterable<string> = this.channels()): void {
    const coded = this.#options.toError(error)
    for (const name of channels) for (const tail of this.#tails(name)) tail.fail(coded)
  }

  #tails(channel: string): Iterable<Tail> {
    return this.#followed.get(channel)?.tails ?? []
  }

  #add(channel: string, tail: Tail): void {
    if (this.#followed.size === 0) this.#start()
    const followed = this.#followed.get(channel)
    if (followed !== undefined) {
      followed.tails.add(tail)
      // The feed may not have the channel yet; all its tails read when it has.
      tail.repair()
      return
    }
    const stopping = new AbortController()
    this.#followed.set(channel, { tails: new Set([tail]), stopping })
    this.#addToFeed(channel, stopping.signal).catch((error: unknown) => tail.fail(error))
  }

  #remove(channel: string, tail: Tail): void {
    const followed = this.#followed.get(channel)
    followed?.tails.delete(tail)
    if (followed === undefined || followed.tails.size > 0) return
    this.#followed.delete(channel)
    followed.stopping.abort()
    this.#feed.remove(channel)
    if (this.#followed.size > 0) return
    clearInterval(this.#timer)
    this.#feed.stop()
  }

  #start(): void {
    this.#feed.start()
    this.#timer = setInterval(() => this.#look(), this.#options.checkMs / looksPerCheck)
    this.#timer.unref()
  }

  async #addToFeed(channel: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#feed.add(channel)
        break
      } catch (error) {
        if (signal.aborted) return
        this.fail(error, [channel])
        await backOff(attempt, signal)
      }
    }
    if (!signal.aborted) this.wake(channel)
  }

  /** Lets those look that have heard nothing for long: an engine that was emptied, or is published to no more, says nothing. */
  #look(): void {
    this.#feed.check()
    const longAgo = performance.now() - this.#options.checkMs
    for (const { tails } of this.#followed.values()) {
      for (const tail of tails) if (tail.provenAt < longAgo) tail.repair()
    }
  }
}
