import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/transport-node'
import { backOff, type Feed, type Follower, randomText, Turns } from '@rivulet/core/log-kit'
import type { ReadParts } from '../read/history-reader.ts'
import { startCheck } from '../start-check.ts'
import type { History } from '../stream/history.ts'
import { type Advisory, concerns } from './advisory.ts'
import { type Listening, messageOf, positionOf, signalOf } from './listening.ts'

const consumerNameLength = 12
/** For how long the server keeps a consumer that nobody listens to any more. */
const unheardMs = 10_000
/** The server sends none more often. */
const minHeartbeatMs = 100
/** Until a consumer counts as silent it has missed two. */
const heartbeatsPerCheck = 3
/** Consumers that are made at the same time: after a reconnect every channel needs one. */
const madeAtOnce = 32

export interface ConsumerFeedOptions extends ReadParts {
  readonly follower: Follower
  readonly checkMs: number
}

/** A consumer on its way, from before its history is known until it is in use. */
interface Making {
  /** What came meanwhile. */
  readonly advisories: Advisory[]
}

/**
 * Hears of new entries by one consumer per channel, in the order of the stream and without acknowledgements, from the newest entry
 * on. Heartbeats prove that it lives and that nothing is new; one that is silent, or whose connection was lost, is made anew.
 */
export class ConsumerFeed implements Feed {
  readonly #options: ConsumerFeedOptions
  readonly #heartbeatMs: number
  readonly #turns = new Turns(madeAtOnce)
  /** By channel; while one is made anew, the old one. */
  readonly #listenings = new Map<string, Listening>()
  /** Those that are being made may be over before they are in use. */
  readonly #making = new Set<Making>()
  /** Channels that are to be heard, each with what ends the attempts. */
  readonly #wanted = new Map<string, AbortController>()
  /** Of those wanted: whose consumers are being made anew. */
  readonly #remaking = new Set<AbortController>()
  #advisories: Subscription[] = []
  #stopWatching: () => void = () => {}

  constructor(options: ConsumerFeedOptions) {
    this.#options = options
    this.#heartbeatMs = Math.max(options.checkMs / heartbeatsPerCheck, minHeartbeatMs)
  }

  start(): void {
    const { link, follower } = this.#options
    // A shortcut: where it is not allowed, silence tells. A server may lose the first of them with the stream (2.9 does), not the
    // second, which tells that a new history has the channel's subject.
    this.#advisories = [this.#onAdvisory('DELETED'), this.#onAdvisory('UPDATED')]
    this.#stopWatching = link.onChange((isUp) => {
      if (isUp) for (const channel of this.#wanted.keys()) this.#remake(channel)
      else follower.fail(new Error('the connection was lost'))
    })
  }

  async add(channel: string): Promise<void> {
    if (!this.#wanted.has(channel)) this.#wanted.set(channel, new AbortController())
    const isOver = await this.#make(channel)
    if (isOver) this.#remake(channel)
  }

  remove(channel: string): void {
    this.#wanted.get(channel)?.abort()
    this.#wanted.delete(channel)
    this.#end(this.#listenings.get(channel))
    this.#listenings.delete(channel)
  }

  check(): void {
    const longAgo = performance.now() - this.#options.checkMs
    for (const { channel, heardAt } of this.#listenings.values()) if (heardAt < longAgo) this.#remake(channel)
  }

  stop(): void {
    this.#stopWatching()
    for (const advisories of this.#advisories) advisories.unsubscribe()
    for (const channel of [...this.#wanted.keys()]) this.remove(channel)
  }

  /** Makes those anew that a server's advisory about a stream concerns. */
  #onAdvisory(kind: Advisory['kind']): Subscription {
    return this.#options.link.connection.subscribe(`$JS.EVENT.ADVISORY.STREAM.${kind}.*`, {
      callback: (error, { subject }) => {
        if (error !== null) return
        const advisory = { kind, stream: subject.slice(subject.lastIndexOf('.') + 1) }
        for (const { advisories } of this.#making) advisories.push(advisory)
        for (const listening of [...this.#listenings.values()]) {
          if (concerns(advisory, listening.stream)) this.#isOver(listening)
        }
      },
    })
  }

  #isOver(listening: Listening): void {
    listening.isOver = true
    if (this.#listenings.get(listening.channel) === listening) this.#remake(listening.channel)
  }

  #remake(channel: string): void {
    const wanted = this.#wanted.get(channel)
    if (wanted === undefined || this.#remaking.has(wanted)) return
    this.#remaking.add(wanted)
    this.#insist(channel, wanted.signal)
      .catch(() => {}) // Nobody wants it any more.
      .finally(() => {
        this.#remaking.delete(wanted)
        // Seen in the last moment.
        if (this.#listenings.get(channel)?.isOver) this.#remake(channel)
      })
  }

  async #insist(channel: string, signal: AbortSignal): Promise<void> {
    const { follower } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        const isOver = await this.#make(channel)
        follower.wake(channel)
        if (!isOver) return
        await backOff(attempt, signal)
      } catch (error) {
        if (signal.aborted) return
        follower.fail(error, [channel])
        await backOff(attempt, signal)
      }
    }
  }

  /** Gives whether what was made is over already. */
  async #make(channel: string): Promise<boolean> {
    const making: Making = { advisories: [] }
    try {
      const made = await this.#turns.take(() => {
        this.#making.add(making)
        return this.#makeConsumer(channel)
      })
      if (!this.#wanted.has(channel)) {
        this.#end(made)
        return false
      }
      this.#end(this.#listenings.get(channel))
      made.heardAt = performance.now()
      made.isOver ||= making.advisories.some((advisory) => concerns(advisory, made.stream))
      this.#listenings.set(channel, made)
      return made.isOver
    } finally {
      // In the same turn as it comes into use: no advisory misses it.
      this.#making.delete(making)
    }
  }

  async #makeConsumer(channel: string): Promise<Listening> {
    const { link, streams, messages } = this.#options
    const doing = `Following channel "${channel}"`
    const history = await link.run({ doing, ask: (api) => streams.open(api, channel) })
    const newest = history.head === 0 ? null : await messages.get(history.stream, history.head, doing)
    const { epoch, head } = history
    const check = newest?.entry.check ?? startCheck
    const listening = this.#listen(channel, history, { epoch, offset: head, check })
    try {
      await link.run({ doing, ask: (api) => this.#create(api, listening) })
      return listening
    } catch (error) {
      this.#end(listening)
      throw error
    }
  }

  #listen(channel: string, { stream }: History, head: Listening['head']): Listening {
    const { link } = this.#options
    const subscription = link.connection.subscribe(createInbox(), {
      callback: (error, message) => {
        if (error === null) this.#hear(listening, message)
        else this.#options.follower.fail(error, [channel])
      },
    })
    const consumer = randomText(consumerNameLength)
    const heardAt = performance.now()
    const listening: Listening = { channel, stream, consumer, subscription, head, heardAt, isOver: false }
    return listening
  }

  async #create(api: JetStreamManager, { stream, consumer, subscription, head }: Listening): Promise<void> {
    await api.consumers.add(stream, {
      name: consumer,
      deliver_subject: subscription.getSubject(),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: head.offset + 1,
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      flow_control: true,
      idle_heartbeat: nanos(this.#heartbeatMs),
      inactive_threshold: nanos(unheardMs),
    })
  }

  #hear(listening: Listening, message: Msg): void {
    const { follower } = this.#options
    const { channel, head } = listening
    listening.heardAt = performance.now()
    const signal = signalOf(message)
    if (signal === null) {
      const news = messageOf(message, head.epoch)
      if (news.entry !== null) listening.head = positionOf(head.epoch, news.entry)
      follower.take(channel, news)
    } else if (signal.kind === 'flow control') {
      this.#answer(message.reply)
    } else if (signal.kind === 'over') {
      this.#isOver(listening)
    } else {
      this.#answer(signal.stalledReply)
      if (signal.offset === head.offset) follower.headIs(channel, head)
      else follower.wake(channel)
    }
  }

  #answer(subject: string | undefined): void {
    const { connection } = this.#options.link
    if (subject === undefined || connection.isClosed() || connection.isDraining()) return
    connection.publish(subject)
  }

  #end(listening: Listening | undefined): void {
    if (listening === undefined) return
    const { stream, consumer, subscription } = listening
    const { link } = this.#options
    if (link.connection.isClosed()) return
    subscription.unsubscribe()
    // Where this fails the server does it by itself, a little later.
    link.jetStream.then((api) => api.consumers.delete(stream, consumer)).catch(() => {})
  }
}
