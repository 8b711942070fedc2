import {
  ChannelRecord,
  type KeptEvents,
  keyOf,
  type PublishedEvent,
  type PublishedFields,
} from './channel-record.ts'
import { checkClient } from './check-client.ts'
import { RecordedClient } from './client-record.ts'
import type { Verdict } from './verdict.ts'

/** What a history needs of a channel to publish through it. */
export interface PublishingChannel<Fields extends PublishedFields, Options> {
  readonly name: string
  publish(fields: Fields, options?: Options): Promise<{ readonly id: string }>
}

/** What a history needs of a channel to end it. */
export interface EndingChannel {
  readonly name: string
  end(): Promise<void>
}

/** An event as a log's `read` gives it. */
export interface LoggedEvent {
  readonly kind: 'event' | 'end'
  readonly event?: string | undefined
  /** The payload's text, as it goes on the wire. */
  readonly data: string
}

export interface HistoryOptions {
  /** The ids are sealed (`cursorSecret`): what is in them cannot be checked, only what comes of them. Default `false`. */
  readonly sealedIds?: boolean | undefined
}

/**
 * A record of everything that was published and of everything that each client received, and the judge of whether each got
 * every event of its topics once and in order, or was told.
 *
 * It knows what the wire promises and nothing of how a server keeps it: events are known by their type and payload, which must
 * therefore differ from event to event, and positions by the ids that `publish` gave.
 *
 * **Order.** Events of one channel are taken to be stored in the order in which `publish` was called, unless `settled()` tells
 * another. One whose `publish` rejected, or has not resolved, may or may not have come, once.
 */
export class History {
  readonly #channels = new Map<string, ChannelRecord>()
  readonly #clients: RecordedClient[] = []
  readonly #keys = new Map<string, PublishedEvent>()
  readonly #hasSealedIds: boolean
  #now = 0

  constructor({ sealedIds = false }: HistoryOptions = {}) {
    this.#hasSealedIds = sealedIds
  }

  /** Publishes an event and records it, with what came of it. */
  async publish<Fields extends PublishedFields, Options>(
    channel: PublishingChannel<Fields, Options>,
    fields: Fields,
    options?: Options,
  ): Promise<{ readonly id: string }> {
    const record = this.#channel(channel.name)
    const event = record.known(fields.idempotencyKey) ?? this.#eventOf(channel.name, fields)
    const slot = event.id === null ? record.called(event, this.#tick(), fields.idempotencyKey) : null
    const result = await channel.publish(fields, options)
    if (slot !== null && event.id === null) {
      event.id = result.id
      record.stored(slot)
    }
    return result
  }

  /** Notes an event that another process published, in the order of the log. */
  published(channel: string, fields: PublishedFields, id: string): void {
    const record = this.#channel(channel)
    const event = this.#eventOf(channel, fields)
    const slot = record.called(event, this.#tick())
    event.id = id
    record.stored(slot)
  }

  /**
   * The channel's log as it finally is, read from its beginning: settles in which order several publishers' events were stored,
   * and what became of those whose `publish` rejected. Call it when nothing is being published any more, with nothing trimmed.
   *
   * @throws Error where an event that was acknowledged is not in it, or one is in it twice or was never published.
   */
  settled(channel: string, entries: readonly LoggedEvent[]): void {
    const events = entries.filter(({ kind }) => kind !== 'end')
    this.#channel(channel).settled(
      events.map(({ event = '', data }) => keyOf(event === '' ? 'message' : event, textOf(data))),
    )
  }

  /** Ends a channel and records it. */
  async end(channel: EndingChannel): Promise<void> {
    const record = this.#channel(channel.name)
    const slot = record.called(null, this.#tick())
    await channel.end()
    record.stored(slot)
  }

  /**
   * How many events the channel keeps, for judging what may have been trimmed: `'all'` (default), a number, or `'unknown'`
   * where something else (bytes, age, the process's memory) decides.
   */
  keeps(channel: string, kept: KeptEvents): void {
    this.#channel(channel).kept = kept
  }

  /**
   * The channel's history is about to be lost: deleted, flushed, or rolled back to an earlier state. Call it right before it
   * happens. What is being published meanwhile may come down on either side.
   *
   * @param keptId Id of the newest event that stays. Left out: none does, and the history is another one.
   */
  lost(channel: string, keptId?: string): void {
    const record = this.#channel(channel)
    const place = record.current.slots.findIndex(({ event }) => keptId !== undefined && event?.id === keptId)
    if (keptId !== undefined && place === -1) {
      throw new Error(`lost(): ${keptId} is no id of channel ${channel} as it is now.`)
    }
    record.lost(place === -1 ? -1 : place + 1, this.#tick())
  }

  /** A client, whose connections are then recorded on it. */
  client(name: string = `client ${this.#clients.length + 1}`): RecordedClient {
    const client = new RecordedClient(name, () => this.#tick())
    this.#clients.push(client)
    return client
  }

  /**
   * Says whether everything was exact, or what was wrong first. A connection that is still open must have got everything: wait
   * for the last event before you ask.
   */
  check(): Verdict {
    for (const client of this.#clients) {
      const verdict = checkClient(client, this.#channels, this.#hasSealedIds)
      if (verdict.verdict !== 'exact') return verdict
    }
    return { verdict: 'exact' }
  }

  /** @throws Error that says what was wrong first. */
  assertExact(): void {
    const verdict = this.check()
    if (verdict.verdict !== 'exact') throw new Error(verdict.message)
  }

  #channel(name: string): ChannelRecord {
    let record = this.#channels.get(name)
    if (record === undefined) {
      record = new ChannelRecord(name)
      this.#channels.set(name, record)
    }
    return record
  }

  #eventOf(channel: string, { event = '', data, topics = [] }: PublishedFields): PublishedEvent {
    const type = event === '' ? 'message' : event
    const key = keyOf(type, textOf(data))
    if (this.#keys.has(key)) {
      throw new Error(
        `There was a ${type} event with the data ${textOf(data)} before: give each event data of its own, so that they can be told apart.`,
      )
    }
    const published: PublishedEvent = { channel, key, event: type, data, topics, id: null }
    this.#keys.set(key, published)
    return published
  }

  #tick(): number {
    this.#now += 1
    return this.#now
  }
}

/** Begins the record of a test. */
export function createHistory(options?: HistoryOptions): History {
  return new History(options)
}

/** A payload as a client reads it: strings with every line break as LF, everything else as JSON. */
function textOf(data: unknown): string {
  if (typeof data === 'string') return data.replace(/\r\n|\r/g, '\n')
  return JSON.stringify(data).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}
