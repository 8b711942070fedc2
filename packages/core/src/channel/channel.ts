import type { EventLog, Position } from '../log/event-log.ts'
import type { EventStream, Subscribable } from '../stream/event-stream.ts'
import { OpenStream } from '../stream/open-stream.ts'
import { formatCursor, tagOf } from '../wire/cursor.ts'
import type { AnyEvents } from '../wire/event-map.ts'
import { SseError, show } from '../wire/sse-error.ts'
import type { ResolvedChannelOptions } from './channel-options.ts'
import { Hub } from './hub.ts'
import { type PreparedEvent, Publisher, type PublishFields, type PublishOptions } from './publisher.ts'
import { StreamSubscriptions } from './stream-subscriptions.ts'
import {
  type Subscription as PublicSubscription,
  resolveSubscribeOptions,
  type SubscribeOptions,
} from './subscribe-options.ts'
import { Subscription } from './subscription.ts'

/** Figures of a channel in this process. */
export interface ChannelStats {
  /** Streams subscribed in this process. */
  readonly subscriberCount: number
  /** Those of them that are not up to the newest event, or still opening. */
  readonly behindCount: number
  /** Events handed to the log that it has not confirmed yet. */
  readonly pendingCount: number
  /** Events kept in this process for delivery. */
  readonly ringCount: number
  /** Payload of those, in characters. */
  readonly ringBytes: number
}

/**
 * A named sequence of events with one total order, kept in a log. Whoever subscribes gets every event of its topics once, in
 * that order, across disconnects, or is told what it missed.
 *
 * @typeParam Events Payloads by event type, as they are published.
 * @typeParam Output Payloads by event type, as their schemas give them back: what subscribers get.
 */
export interface Channel<Events = AnyEvents, Output = Events>
  extends Subscribable<SubscribeOptions<Events, Output>, PublicSubscription> {
  readonly name: string
  /**
   * Appends an event to the log and resolves with its id when the log has it, as durably as the log is; delivery is not waited
   * for. Calls of one process are stored in call order, awaited or not.
   *
   * @throws (rejects) SseError `ERR_SSE_EVENT`, `ERR_SSE_EVENT_RESERVED`, `ERR_SSE_DATA`, `ERR_SSE_TOPICS`, `ERR_SSE_OPTION` for
   * bad fields; `ERR_SSE_SCHEMA` for what the option `events` does not allow; `ERR_SSE_EVENT_TOO_LARGE`; `ERR_SSE_PENDING_LIMIT` when too many wait; `ERR_SSE_TIMEOUT` (the event may or may not
   * appear, once); `ERR_SSE_CHANNEL_ENDED`, `ERR_SSE_CHANNEL_CLOSED`; `ERR_SSE_LOG_…` with the engine's error as cause.
   */
  publish(event: PublishFields<Events>, options?: PublishOptions): Promise<{ readonly id: string }>
  /**
   * Nothing more will come: every subscriber on every node gets what is left, then `$end`, also those who come later. Later
   * appends reject. Ending twice is fine.
   */
  end(options?: PublishOptions): Promise<void>
  /** Id of the newest event. */
  head(): Promise<string>
  /** Forgets all events, on every node. Connected clients are told by `$gap`. */
  delete(): Promise<void>
  /** Hangs up this process's subscribers and takes no more; the events stay in the log. */
  close(): void
  stats(): ChannelStats
  /** Streams subscribed in this process. */
  readonly subscriberCount: number
}

export class LogChannel implements Channel {
  readonly name: string
  readonly options: ResolvedChannelOptions
  readonly log: EventLog
  readonly #tag: string
  readonly #publisher: Publisher
  /** Made for the first subscription: most channels of most processes are only published to. */
  #hub: Hub | undefined
  readonly #toResult = (position: Position) => ({ id: formatCursor(this.#tag, position) })
  readonly #onClose: () => void
  readonly #hasRetention: boolean
  #configured: Promise<void> | null = null
  #isClosed = false

  constructor(
    name: string,
    log: EventLog,
    options: ResolvedChannelOptions,
    parts: { hasRetention: boolean; onClose: () => void },
  ) {
    this.name = name
    this.log = log
    this.options = options
    this.#tag = tagOf(name)
    this.#publisher = new Publisher(name, log, options)
    this.#onClose = parts.onClose
    this.#hasRetention = parts.hasRetention
    if (!parts.hasRetention) this.#configured = Promise.resolve()
  }

  get subscriberCount(): number {
    return this.#hub?.subscriberCount ?? 0
  }

  publish(event: PublishFields, options?: PublishOptions): Promise<{ readonly id: string }> {
    try {
      this.#assertOpen()
      // Not waited for: trimming takes effect with a later append at the latest, and its failure is no reason not to publish.
      if (this.#configured === null) this.#configure().catch(ignoreUntilNextTime)
      return this.#publisher.publish(event, options, this.#toResult)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** What `publish` would append, for a log that stores it in another way. */
  prepare(event: PublishFields): PreparedEvent {
    this.#assertOpen()
    this.#configure().catch(ignoreUntilNextTime)
    return this.#publisher.prepare(event)
  }

  async end(options?: PublishOptions): Promise<void> {
    this.#assertOpen()
    try {
      await this.#publisher.end(options)
    } catch (error) {
      if (!(error instanceof SseError && error.code === 'ERR_SSE_CHANNEL_ENDED')) throw error
    }
  }

  async head(): Promise<string> {
    this.#assertOpen()
    const { after } = await this.log.read(this.name, { after: 'head', limit: 0 })
    return formatCursor(this.#tag, after)
  }

  async delete(): Promise<void> {
    this.#assertOpen()
    await this.log.delete(this.name)
    // What is to be kept of its next history.
    if (this.#hasRetention) this.#configured = null
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
    for (const { stream } of [...(this.#hub?.subscriptions() ?? [])]) stream.close()
  }

  stats(): ChannelStats {
    const { ring, subscriberCount = 0 } = this.#hub ?? {}
    let liveCount = 0
    for (const { isLive } of this.#hub?.subscriptions() ?? []) if (isLive) liveCount += 1
    return {
      subscriberCount,
      behindCount: subscriberCount - liveCount,
      pendingCount: this.#publisher.pendingCount,
      ringCount: ring?.count ?? 0,
      ringBytes: ring?.payloadBytes ?? 0,
    }
  }

  attach(stream: EventStream, options: SubscribeOptions | undefined): PublicSubscription {
    this.#assertOpen()
    const resolved = resolveSubscribeOptions(options, this.#tag)
    if (!(stream instanceof OpenStream)) {
      throw new SseError(
        'ERR_SSE_CHANNEL',
        'Only streams that Rivulet opened can be subscribed; is the package installed twice?',
      )
    }
    const feed = stream.feed instanceof StreamSubscriptions ? stream.feed : new StreamSubscriptions(stream)
    this.#hub ??= this.#makeHub()
    const hub = this.#hub
    const subscription = feed.subscribe((owner) => new Subscription(hub, owner, resolved), hub)
    const claimed = feed.claimed(this.#tag)
    if (stream.closed !== null) {
      subscription.close()
      return subscription
    }
    stream.subscribed(feed)
    subscription.open(claimed ?? resolved.from, claimed !== null)
    return subscription
  }

  #makeHub(): Hub {
    return new Hub({
      channel: this,
      tag: this.#tag,
      retention: this.options.retention,
      payloads: this.options,
      configure: () => this.#configure(),
    })
  }

  #configure(): Promise<void> {
    if (this.#configured === null) {
      this.#configured = this.log.configure(this.name, { retention: this.options.retention })
      this.#configured.catch(() => {
        this.#configured = null
      })
    }
    return this.#configured
  }

  #assertOpen(): void {
    if (!this.#isClosed) return
    throw new SseError('ERR_SSE_CHANNEL_CLOSED', `Channel ${show(this.name)} was closed in this process.`, {
      value: this.name,
    })
  }
}

/** The next use of the channel tries again. */
function ignoreUntilNextTime(): void {}
