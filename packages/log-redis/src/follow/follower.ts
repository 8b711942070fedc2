import type { ReadOptions, ReadResult, TailHandlers, TailOptions } from '@rivulet/core'
import type { Driver, Subscriber } from '../client/driver.ts'
import type { KeyNames } from '../key-names.ts'
import { logError } from '../log-error.ts'
import { backOff } from './back-off.ts'
import { decodeMessage } from './message.ts'
import { Tail } from './tail.ts'
import { Turns } from './turns.ts'

/** Reads of tails at the same time: after a reconnect every tail reads. */
const readsAtOnce = 32
/** How many times within `checkMs` tails are looked at: not all at the same moment. */
const looksPerCheck = 10

export interface FollowerParts {
  readonly driver: Driver
  readonly names: KeyNames
  /** After that long without a message a tail looks whether it is still where the log is. */
  readonly checkMs: number
  readonly read: (channel: string, options: ReadOptions) => Promise<ReadResult>
}

/** The tails of one channel, which share its subscription. */
interface Followed {
  readonly tails: Set<Tail>
  readonly stopping: AbortController
}

/**
 * Follows all channels of a log over one connection, which is there only while there are tails.
 *
 * Messages are a shortcut and may be lost at any time: each connect, and each `checkMs` without a message, is followed by a
 * read from the position that was delivered last.
 */
export class Follower {
  readonly #parts: FollowerParts
  readonly #turns = new Turns(readsAtOnce)
  /** By the name that entries are published under. */
  readonly #followed = new Map<string, Followed>()
  readonly #stopTails = new Set<() => void>()
  #subscriber: Subscriber | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  /** Follows until the signal aborts or the follower is closed. */
  async follow(channel: string, { after, signal }: TailOptions, handlers: TailHandlers): Promise<void> {
    if (signal.aborted) return
    const stopping = new AbortController()
    const read = (options: ReadOptions) => this.#turns.take(() => this.#parts.read(channel, options))
    const tail = new Tail(read, { after, signal: stopping.signal }, handlers)
    const name = this.#parts.names.published(channel)
    await new Promise<void>((resolve) => {
      const stop = () => {
        signal.removeEventListener('abort', stop)
        stopping.abort()
        this.#stopTails.delete(stop)
        resolve()
      }
      signal.addEventListener('abort', stop)
      this.#stopTails.add(stop)
      this.#add(name, tail)
    })
    this.#remove(name, tail)
  }

  close(): void {
    for (const stop of this.#stopTails) stop()
  }

  #add(name: string, tail: Tail): void {
    this.#connect()
    const followed = this.#followed.get(name)
    if (followed !== undefined) {
      followed.tails.add(tail)
      // Its subscription may not have been acknowledged yet; all tails read when it is.
      tail.repair()
      return
    }
    const stopping = new AbortController()
    this.#followed.set(name, { tails: new Set([tail]), stopping })
    this.#subscribe(name, stopping.signal).catch((error: unknown) => tail.fail(error))
  }

  #remove(name: string, tail: Tail): void {
    const followed = this.#followed.get(name)
    followed?.tails.delete(tail)
    if (followed === undefined || followed.tails.size > 0) return
    this.#followed.delete(name)
    followed.stopping.abort()
    // A connection that is being lost has forgotten its subscriptions anyway.
    this.#subscriber?.unsubscribe(name).catch(() => {})
    if (this.#followed.size === 0) this.#disconnect()
  }

  async #subscribe(name: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await this.#subscriber?.subscribe(name)
        break
      } catch (error) {
        if (signal.aborted) return
        this.#fail([name], error)
        await backOff(attempt, signal)
      }
    }
    if (!signal.aborted) this.#repair(name)
  }

  #connect(): void {
    if (this.#subscriber !== null) return
    const subscriber = this.#parts.driver.openSubscriber({
      message: (name, text) => this.#message(name, text),
      ready: () => {
        if (this.#subscriber !== subscriber) return
        for (const name of this.#followed.keys()) this.#repair(name)
      },
      error: (error) => {
        if (this.#subscriber === subscriber) this.#fail(this.#followed.keys(), error)
      },
    })
    this.#subscriber = subscriber
    this.#timer = setInterval(() => this.#look(), this.#parts.checkMs / looksPerCheck)
    this.#timer.unref()
  }

  #disconnect(): void {
    clearInterval(this.#timer)
    const subscriber = this.#subscriber
    this.#subscriber = null
    subscriber?.close()
  }

  #message(name: string, text: string): void {
    const followed = this.#followed.get(name)
    if (followed === undefined) return
    const message = decodeMessage(text)
    for (const tail of followed.tails) tail.take(message)
  }

  #repair(name: string): void {
    for (const tail of this.#followed.get(name)?.tails ?? []) tail.repair()
  }

  #fail(names: Iterable<string>, error: unknown): void {
    const coded = logError('Following channels', error)
    for (const name of names) {
      for (const tail of this.#followed.get(name)?.tails ?? []) tail.fail(coded)
    }
  }

  /** Lets those look that have heard nothing for long: a flush, or a server that nobody publishes to any more, says nothing. */
  #look(): void {
    this.#subscriber?.ping()
    const longAgo = performance.now() - this.#parts.checkMs
    for (const { tails } of this.#followed.values()) {
      for (const tail of tails) if (tail.provenAt < longAgo) tail.repair()
    }
  }
}
