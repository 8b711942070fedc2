import type { Position } from '../log/event-log.ts'
import type { ChannelEvent } from '../log/ring-entry.ts'
import type { Gap } from '../wire/control-event.ts'
import { type Cursor, checkCursor } from '../wire/cursor.ts'
import type { AnyEvents, SendFields } from '../wire/event-map.ts'
import { callback, type OptionChecks, resolveOptions } from '../wire/options.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { checkTopics } from './topics.ts'

/** What a snapshot is made for. */
export interface SnapshotRequest {
  /** Id of the newest event when the snapshot was asked for: every later event follows the snapshot. */
  readonly position: string
  /** `fresh`: the client brought no cursor. `gap`: what it brought cannot be resumed from. */
  readonly reason: 'fresh' | 'gap'
  /** What the client brought. Untrusted. */
  readonly lastEventId: string | null
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal
}

/** Events that stand for the state, and, if it was read in one transaction with the state, the position they belong to. */
export type Snapshot<Events = AnyEvents> =
  | Iterable<SendFields<Events>>
  | AsyncIterable<SendFields<Events>>
  | {
      readonly events: Iterable<SendFields<Events>> | AsyncIterable<SendFields<Events>>
      readonly position: string
    }

/**
 * @typeParam Events Payloads by event type, as they are published.
 * @typeParam Output Payloads by event type, as they go out.
 */
export interface SubscribeOptions<Events = AnyEvents, Output = Events> {
  /**
   * Whom it listens as: an event is heard if it carries at least one of these. Left out: everything is heard. Never take them
   * from the client unchecked: they are the permission.
   */
  readonly topics?: readonly string[] | undefined
  /** Where clients begin that bring no cursor: `'live'` (default), `'start'`, or an id of this channel. */
  readonly from?: 'live' | 'start' | (string & {}) | undefined
  /**
   * Called for each event that the topics let through; `false` leaves it out. Synchronous: a throw, and a promise,
   * closes the stream with reason `error`.
   */
  readonly filter?: ((event: ChannelEvent<Output>) => boolean) | undefined
  /** Gives the state to clients that cannot resume: its events go out without ids, then everything after its position. */
  readonly snapshot?: ((request: SnapshotRequest) => Snapshot<Events> | Promise<Snapshot<Events>>) | undefined
  /**
   * Nothing older is sent, whatever cursor is brought: an id of this channel, a Date, or milliseconds since 1970. An id whose event
   * the log has lost counts by its offset, and the client is told by `$gap`.
   */
  readonly notBefore?: string | Date | number | undefined
  /** A reader that is behind gets only the newest event of each key; `undefined` as key: always sent. Announced in `$ready`. */
  readonly coalesce?: ((event: ChannelEvent<Output>) => unknown) | undefined
}

/** One channel on one stream. */
export interface Subscription {
  /** When the subscription has opened: `resumed` if everything after the client's cursor follows, else `gap` if it brought one. */
  readonly ready: Promise<SubscriptionReady>
  /** The id that resumes after the last event settled for this client: sent, or not meant for it. */
  readonly position: string
  /**
   * Listens to other topics from the next event on. For clients that come back they are what `subscribe` is then given.
   *
   * @throws SseError `ERR_SSE_TOPICS`
   */
  setTopics(topics: readonly string[] | undefined): void
  /** Nothing more of this channel is sent; the stream stays open. */
  close(): void
}

export interface SubscriptionReady {
  readonly resumed: boolean
  readonly gap?: Gap
}

/** Where a subscription begins. `unreadable`: the client brought an id that is no cursor at all. */
export type Start = Position | 'start' | 'head' | 'unreadable'

export interface ResolvedSubscribeOptions {
  readonly topics: readonly string[] | null
  readonly from: Start
  readonly filter: ((event: ChannelEvent) => boolean) | undefined
  readonly snapshot: SubscribeOptions['snapshot']
  readonly notBefore: Cursor | number | undefined
  readonly coalesce: ((event: ChannelEvent) => unknown) | undefined
}

const defaults: ResolvedSubscribeOptions = {
  topics: null,
  from: 'head',
  filter: undefined,
  snapshot: undefined,
  notBefore: undefined,
  coalesce: undefined,
}

/**
 * @param tag The channel's, for the ids among the options.
 * @throws SseError `ERR_SSE_OPTION`, `ERR_SSE_TOPICS`
 */
export function resolveSubscribeOptions(
  options: SubscribeOptions | undefined,
  tag: string,
): ResolvedSubscribeOptions {
  const checks: OptionChecks<ResolvedSubscribeOptions> = {
    topics: (_name, value) => checkTopics(value),
    from: (name, value) => {
      if (value === 'live') return 'head'
      return value === 'start' ? value : checkCursor(name, value, tag)
    },
    filter: callback,
    snapshot: callback,
    notBefore: (name, value) => checkNotBefore(name, value, tag),
    coalesce: callback,
  }
  return resolveOptions('subscribe()', options, defaults, checks)
}

function checkNotBefore(name: string, value: unknown, tag: string): Cursor | number {
  if (typeof value === 'string') return checkCursor(name, value, tag)
  const time = value instanceof Date ? value.getTime() : value
  if (typeof time === 'number' && Number.isFinite(time)) return time
  throw new SseError(
    'ERR_SSE_OPTION',
    `${name} must be an id, a valid Date or milliseconds since 1970, not ${show(value)}.`,
    {
      value,
    },
  )
}
