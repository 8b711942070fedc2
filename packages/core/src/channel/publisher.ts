import type { Entry, EventLog, Position } from '../log/event-log.ts'
import { checkLength, randomText } from '../log/random-text.ts'
import { serialize } from '../wire/encode-event.ts'
import type { AnyEvents, EventOf } from '../wire/event-map.ts'
import { checkEventName } from '../wire/field.ts'
import { durationOrOff } from '../wire/options.ts'
import { SseError, show } from '../wire/sse-error.ts'
import type { ResolvedChannelOptions } from './channel-options.ts'
import { type ChannelPublishMessage, published } from './diagnostics.ts'
import { waitForAppend } from './pending-append.ts'
import { checkEventTopics } from './topics.ts'

/** What an event for a channel has beside its type and payload. */
interface PublishDetails {
  /** Who hears it: subscribers to at least one of these, and those to everything. */
  readonly topics?: readonly string[] | undefined
  /** Publishing again with the same key within two minutes stores nothing and gives the first id. 1 to 256 characters. */
  readonly idempotencyKey?: string | undefined
}

/** An event for a channel that takes any. */
interface AnyPublishFields extends PublishDetails {
  /** The event type that listeners name. Left out, `''` and `'message'` are the default type. */
  readonly event?: string | undefined
  /** The payload: strings go out as they are, everything else as JSON. */
  readonly data: unknown
}

/** An event for a channel. @typeParam Events Payloads by event type. */
export type PublishFields<Events = AnyEvents> = string extends keyof Events
  ? AnyPublishFields
  : EventOf<Events, PublishDetails>

export interface PublishOptions {
  /** Gives up waiting; the event may or may not appear, once. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the log, in milliseconds; then it rejects, and the event may or may not appear, once. */
  readonly timeoutMs?: number | false | undefined
}

/** An event as a log stores it. */
export interface PreparedEvent {
  readonly entry: Entry
  readonly idempotencyKey: string | undefined
}

const maxKeyCharacters = 256

/** The writing half of a channel in this process: hands events to the log in the order of the calls, a bounded number at once. */
export class Publisher {
  readonly #name: string
  readonly #log: EventLog
  readonly #options: ResolvedChannelOptions
  #pendingCount = 0
  #pendingBytes = 0

  constructor(name: string, log: EventLog, options: ResolvedChannelOptions) {
    this.#name = name
    this.#log = log
    this.#options = options
  }

  /** Events handed to the log that it has not confirmed yet. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  /**
   * Throws what is wrong with the event or the options, or that too many wait; all else rejects.
   *
   * @param toResult What it resolves with.
   */
  publish<T>(
    fields: PublishFields,
    options: PublishOptions | undefined,
    toResult: (position: Position) => T,
  ): Promise<T> {
    return this.#append(this.#entryOf(fields), checkKey(fields.idempotencyKey), options, toResult)
  }

  /** Checks an event and makes the entry that is stored for it. */
  prepare(fields: PublishFields): PreparedEvent {
    return { entry: this.#entryOf(fields), idempotencyKey: checkKey(fields.idempotencyKey) }
  }

  end(options: PublishOptions | undefined): Promise<Position> {
    return this.#append(makeEntry('end', undefined, '', []), undefined, options, (position) => position)
  }

  /** The log has answered, whether or not somebody still waits for it. */
  answered(bytes: number): void {
    this.#pendingCount -= 1
    this.#pendingBytes -= bytes
  }

  #append<T>(
    entry: Entry,
    idempotencyKey: string | undefined,
    options: PublishOptions = {},
    toResult: (position: Position) => T,
  ): Promise<T> {
    const bytes = Buffer.byteLength(entry.data)
    this.#assertRoom(bytes)
    const { signal } = options
    const timeoutMs =
      options.timeoutMs === undefined
        ? this.#options.timeoutMs
        : durationOrOff('publish(): timeoutMs', options.timeoutMs)
    signal?.throwIfAborted()
    // Where a log throws instead of rejecting, nothing waits.
    const appended = this.#log.append(this.#name, entry, { idempotencyKey, signal })
    this.#pendingCount += 1
    this.#pendingBytes += bytes
    if (published.hasSubscribers) tellPublished(this.#name, entry, bytes, appended)
    return waitForAppend({ appended, bytes, timeoutMs, signal, channel: this.#name, toResult, counter: this })
  }

  #entryOf({ event, data, topics }: PublishFields): Entry {
    const name = checkEventName(event)
    const text = this.#textOf(this.#checked(event, data))
    const { maxEventBytes } = this.#options
    // A character has at most three bytes: most events need not be counted.
    if (text.length * 3 > maxEventBytes && Buffer.byteLength(text) > maxEventBytes) {
      throw new SseError(
        'ERR_SSE_EVENT_TOO_LARGE',
        `The event has ${Buffer.byteLength(text)} bytes of data, more than maxEventBytes (${maxEventBytes}): publish a reference and let clients fetch it.`,
        { value: data },
      )
    }
    const checkedTopics = topics === undefined ? [] : checkEventTopics(topics)
    return makeEntry('event', name === '' ? undefined : name, text, checkedTopics)
  }

  #checked(event: string | undefined, data: unknown): unknown {
    const { events, validate } = this.#options
    return events === null || !validate ? data : events.apply(event, data)
  }

  #textOf(data: unknown): string {
    if (this.#options.serialize === undefined) return serialize(data, this.#options.events !== null)
    const text = this.#options.serialize(data)
    if (typeof text === 'string') return text
    throw new SseError('ERR_SSE_DATA', `serialize gave ${show(text)}; it must give a string.`, {
      value: text,
    })
  }

  #assertRoom(bytes: number): void {
    const { maxPending, maxPendingBytes } = this.#options
    const isFull = this.#pendingCount >= maxPending
    if (!isFull && (this.#pendingCount === 0 || this.#pendingBytes + bytes <= maxPendingBytes)) return
    throw new SseError(
      'ERR_SSE_PENDING_LIMIT',
      `${this.#pendingCount} events (${this.#pendingBytes} bytes) of channel ${show(this.#name)} wait for the log already: await publish(), or publish less.`,
      { value: this.#pendingCount },
    )
  }
}

function tellPublished(
  channel: string,
  { event, topics }: Entry,
  byteCount: number,
  appended: Promise<unknown>,
) {
  const startedAt = performance.now()
  const tell = (error: unknown) => {
    const durationMs = performance.now() - startedAt
    published.publish({
      channel,
      event,
      topics,
      byteCount,
      durationMs,
      error,
    } satisfies ChannelPublishMessage)
  }
  appended.then(() => tell(undefined), tell)
}

function makeEntry(
  kind: Entry['kind'],
  event: string | undefined,
  data: string,
  topics: readonly string[],
): Entry {
  return { v: 1, kind, event, data, topics, at: Date.now(), check: randomText(checkLength) }
}

function checkKey(key: unknown): string | undefined {
  if (key === undefined) return undefined
  if (typeof key === 'string' && key !== '' && key.length <= maxKeyCharacters) return key
  throw new SseError(
    'ERR_SSE_OPTION',
    `idempotencyKey must be a string of 1 to ${maxKeyCharacters} characters, not ${show(key)}.`,
    {
      value: key,
    },
  )
}
