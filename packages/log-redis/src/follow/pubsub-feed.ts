import type { Feed, Follower } from '@rivulet/core/log-kit'
import type { Driver, Subscriber } from '../client/driver.ts'
import type { KeyNames } from '../key-names.ts'
import { decodeMessage } from './message.ts'
import { NameTurns } from './name-turns.ts'

/** Hears what the append script publishes, over one connection for all channels; in a cluster one per node. */
export class PubSubFeed implements Feed {
  readonly #driver: Driver
  readonly #names: KeyNames
  readonly #follower: Follower
  /** Channels by the name that their entries are published under. */
  readonly #channels = new Map<string, string>()
  /** A name that is let go of and taken up again at once would be mixed up by the clients: one command waits for the other. */
  readonly #turns = new NameTurns()
  #subscriber: Subscriber | null = null

  constructor(driver: Driver, names: KeyNames, follower: Follower) {
    this.#driver = driver
    this.#names = names
    this.#follower = follower
  }

  start(): void {
    const subscriber = this.#driver.openSubscriber({
      message: (name, text) => {
        const channel = this.#channels.get(name)
        if (channel !== undefined) this.#follower.take(channel, decodeMessage(text))
      },
      ready: (names) => {
        if (this.#subscriber !== subscriber) return
        if (names === undefined) this.#follower.wake()
        else for (const channel of this.#channelsOf(names)) this.#follower.wake(channel)
      },
      error: (error, names) => {
        if (this.#subscriber !== subscriber) return
        if (names === undefined) this.#follower.fail(error)
        else this.#follower.fail(error, this.#channelsOf(names))
      },
    })
    this.#subscriber = subscriber
  }

  async add(channel: string): Promise<void> {
    const name = this.#names.published(channel)
    this.#channels.set(name, channel)
    await this.#inTurn(name, async (subscriber) => {
      if (this.#channels.has(name)) await subscriber.subscribe(name)
    })
  }

  remove(channel: string): void {
    const name = this.#names.published(channel)
    this.#channels.delete(name)
    const removing = this.#inTurn(name, async (subscriber) => {
      if (!this.#channels.has(name)) await subscriber.unsubscribe(name)
    })
    // A connection that is being lost has forgotten its subscriptions anyway.
    removing.catch(() => {})
  }

  check(): void {
    this.#subscriber?.ping()
  }

  stop(): void {
    const subscriber = this.#subscriber
    this.#subscriber = null
    this.#turns.clear()
    subscriber?.close()
  }

  /** Unless that subscriber was closed meanwhile. */
  async #inTurn(name: string, work: (subscriber: Subscriber) => Promise<void>): Promise<void> {
    const subscriber = this.#subscriber
    await this.#turns.take(name, async () => {
      if (subscriber !== null && subscriber === this.#subscriber) await work(subscriber)
    })
  }

  /** Of those that are followed. */
  *#channelsOf(names: Iterable<string>): Iterable<string> {
    for (const name of names) {
      const channel = this.#channels.get(name)
      if (channel !== undefined) yield channel
    }
  }
}
