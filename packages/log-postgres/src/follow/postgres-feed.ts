import type { Feed, Follower } from '@rivulet/core/log-kit'
import type { Client } from 'pg'
import type { LogParts } from '../parts.ts'
import { Listener } from './listener.ts'
import { decodeHead, Poller } from './poller.ts'

export interface PostgresFeedParts {
  readonly log: LogParts
  readonly follower: Follower
  /** Makes the client that listens; `null` where polling is all there is. */
  readonly open: (() => Client) | null
  readonly answerMs: number
  readonly checkMs: number
  readonly minPollMs: number
  readonly maxPollMs: number
  /** Told when the connection is given up; it is gone when the promise resolves. */
  readonly onStop: (gone: Promise<void>) => void
  /** Called for each channel that is followed from now on; never rejects. */
  readonly onAdd: (channel: string) => Promise<void>
  /** Called every now and then while something is followed. */
  readonly onCheck: () => void
}

/**
 * Hears of commits by NOTIFY, on one connection for all channels, and polls besides: seldom while it listens, since what is said
 * may be missed or was switched off elsewhere; adaptively while it cannot.
 */
export class PostgresFeed implements Feed {
  readonly #parts: PostgresFeedParts
  #poller: Poller | null = null
  #listener: Listener | null = null

  constructor(parts: PostgresFeedParts) {
    this.#parts = parts
  }

  start(): void {
    const { open } = this.#parts
    const poller = new Poller(this.#parts)
    this.#poller = poller
    if (open === null) poller.run()
    else this.#listener = this.#listen(open, poller)
  }

  async add(channel: string): Promise<void> {
    await Promise.all([this.#listener?.firstTry, this.#parts.onAdd(channel)])
    // Asked for it from now on, and soon, where nobody tells.
    if (this.#listener?.isConnected !== true && this.#isFollowed(channel)) this.#poller?.run()
  }

  /** The next poll leaves it out; what is heard of it concerns nobody. */
  remove(): void {}

  check(): void {
    const { checkMs } = this.#parts
    this.#listener?.ping()
    this.#parts.onCheck()
    // More often than tails look for themselves, each with a read of its own.
    if (this.#poller !== null && performance.now() - this.#poller.lastAskedAt > checkMs / 2)
      this.#poller.ask()
  }

  stop(): void {
    this.#listener?.stop()
    if (this.#listener !== null) this.#parts.onStop(this.#listener.ended)
    this.#poller?.stop()
    this.#listener = null
    this.#poller = null
  }

  #isFollowed(channel: string): boolean {
    for (const followed of this.#parts.follower.channels()) if (followed === channel) return true
    return false
  }

  #listen(open: () => Client, poller: Poller): Listener {
    const { log, follower, answerMs } = this.#parts
    return new Listener({
      open,
      listenTo: log.schema,
      answerMs,
      heard: (payload) => this.#hear(payload),
      connected: () => {
        poller.rest()
        follower.wake()
      },
      lost: (error) => {
        follower.fail(error)
        poller.run()
      },
    })
  }

  /** `<epoch> <offset> <check> <channel>`; anybody may notify anything under this name, and a read finds out what is true. */
  #hear(payload: string): void {
    const [head = ''] = /^(?:\S* ){3}/.exec(payload) ?? []
    this.#parts.follower.headIs(payload.slice(head.length), decodeHead(head))
  }
}
