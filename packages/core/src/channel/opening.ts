import type { Position } from '../log/event-log.ts'
import { Frame } from '../sink/frame.ts'
import type { OpenStream } from '../stream/open-stream.ts'
import { encodeGap, encodeReady, type Gap } from '../wire/control-event.ts'
import { checkCursor, formatCursor } from '../wire/cursor.ts'
import type { EventFields } from '../wire/encode-event.ts'
import { encodeChecked } from '../wire/event-check.ts'
import { SseError, show } from '../wire/sse-error.ts'
import type { Abortable } from './abortable.ts'
import {
  type Beginning,
  beginningInRing,
  type LocatedSubscription,
  locate,
  type Opening,
  type Withheld,
} from './beginning.ts'
import { gapTold } from './diagnostics.ts'
import type { Hub } from './hub.ts'
import type { Page } from './page.ts'
import type { FeedMember, StreamSubscriptions } from './stream-subscriptions.ts'
import type { SubscriptionReady } from './subscribe-options.ts'

/** What opening needs of the subscription. */
export interface OpeningSubscription extends FeedMember, LocatedSubscription {
  readonly hub: Hub
  readonly feed: StreamSubscriptions
  readonly stream: OpenStream
  readonly isClosed: boolean
  /** What `work` gives; `null` once the subscription has closed, which aborts it. */
  whileOpen<T>(work: (asker: Abortable) => Promise<T>): Promise<T | null>
  settleReady(ready: SubscriptionReady): void
  /** Calls `begin` when it is this subscription's turn, and serves it right behind: what both write leaves together. */
  beginInTurn(begin: () => void): void
  /** Sends nothing of what the log has up to here, from this opening on; `null`: everything. */
  withhold(through: Withheld | null): void
  /** Everything after `position` follows; `page` has the first of it where that was read. */
  opened(position: Position, page: Page | null): void
}

/**
 * Opens a subscription, always in this order: `$gap` if the client missed something, the snapshot if it needs one, `$ready`,
 * events. At once where the ring knows the position; else the log is asked, and asked again while it fails.
 */
export function openSubscription(subscription: OpeningSubscription, opening: Opening): void {
  const { stream, options } = subscription
  const beginning = beginningInRing(subscription, opening)
  const isFresh = opening.start === 'head' && !opening.isClaimed
  if (beginning === null || stream.isBehind || (isFresh && options.snapshot !== undefined)) {
    startSlowly(subscription, opening)
    return
  }
  begin(subscription, opening, beginning)
}

function startSlowly(subscription: OpeningSubscription, opening: Opening): void {
  openSlowly(subscription, opening).catch((error: unknown) => {
    // The subscription's own code failed (its snapshot); what the log does is waited out.
    if (!subscription.isClosed) subscription.stream.failWith(error)
  })
}

async function openSlowly(subscription: OpeningSubscription, opening: Opening): Promise<void> {
  const { hub, stream } = subscription
  for (;;) {
    const { generation } = hub
    const beginning = await subscription.whileOpen((asker) => locate(subscription, opening, asker))
    if (beginning === null) return
    if (generation !== hub.generation) continue
    if (beginning.gap !== null) await tellGap(subscription, beginning.gap)
    const snapshotAt = await sendSnapshot(subscription, opening, beginning.gap)
    if (subscription.isClosed || (stream.isBehind && !(await stream.drained()))) return
    // The history changed meanwhile: what was found out is void, and the client's cursor is still its old one.
    if (generation !== hub.generation) continue
    const found = snapshotAt === null ? beginning : { ...beginning, ...behindSnapshot(snapshotAt) }
    subscription.beginInTurn(() => {
      // A gap or a snapshot that was written stays right: it is told again in front of what is found out now.
      if (generation !== hub.generation) startSlowly(subscription, opening)
      // Behind again, where another of the stream's subscriptions had its turn before: one block more, or this one may wait forever.
      else begin(subscription, opening, found)
    })
    return
  }
}

/** Read just now, with the state that the program lets this client have: nothing behind it is from before that. */
function behindSnapshot(position: Position): Pick<Beginning, 'position' | 'page' | 'withheldThrough'> {
  return { position, page: null, withheldThrough: null }
}

async function tellGap(subscription: OpeningSubscription, gap: Gap): Promise<void> {
  const { stream } = subscription
  if ((stream.isBehind && !(await stream.drained())) || subscription.isClosed) return
  stream.writeFrame(Frame.fromText(encodeGap(gap)), 1)
  if (gapTold.hasSubscribers) gapTold.publish({ stream, gap })
}

/** @returns the position that the snapshot stands for, or `null` where none is sent. */
async function sendSnapshot(
  subscription: OpeningSubscription,
  opening: Opening,
  gap: Gap | null,
): Promise<Position | null> {
  const { hub, stream, options } = subscription
  const isFresh = !opening.isClaimed && opening.start === 'head'
  if (options.snapshot === undefined || (gap === null && !isFresh)) return null
  const { generation } = hub
  const bounds = await subscription.whileOpen((asker) => hub.readBounds(asker))
  if (bounds === null) return null
  const given = await options.snapshot({
    position: formatCursor(hub.tag, bounds.after),
    reason: gap === null ? 'fresh' : 'gap',
    lastEventId: stream.lastEventId,
    get signal() {
      return stream.signal
    },
  })
  const { events, position } = 'events' in given ? given : { events: given, position: null }
  for await (const event of events) {
    if (subscription.isClosed || (stream.isBehind && !(await stream.drained()))) return null
    stream.writeFrame(Frame.fromText(encodeSnapshotEvent(event, hub)), 1)
  }
  if (position === null) return bounds.after
  const at = checkCursor('snapshot: position', position, hub.tag)
  const isUnknown = await subscription.whileOpen((asker) => isUnknownTo(hub, at, asker))
  // In a history that was lost meanwhile everything begins anew anyway.
  if (isUnknown === true && generation === hub.generation) {
    throw new SseError(
      'ERR_SSE_OPTION',
      `snapshot: position ${show(position)} is not in the history of channel ${show(hub.name)}: give what was read in the state's own transaction.`,
      { value: position },
    )
  }
  return at
}

/** A position that nobody has would be waited for in vain. */
async function isUnknownTo(hub: Hub, position: Position, asker: Abortable): Promise<boolean> {
  if (hub.ring?.has(position) === true) return false
  const { bounds } = await hub.readPage(position, asker)
  return bounds.invalid === 'unknown'
}

function encodeSnapshotEvent(event: EventFields, { payloads }: Hub): string {
  if (event.id === undefined) return encodeChecked(event, payloads)
  throw new SseError('ERR_SSE_ID', `Events of a snapshot go out without ids; leave out ${show(event.id)}.`, {
    value: event.id,
  })
}

function begin(
  subscription: OpeningSubscription,
  { isClaimed, isFirst }: Opening,
  { position, page, gap, withheldThrough }: Beginning,
): void {
  const { feed, hub, stream, options } = subscription
  subscription.withhold(withheldThrough)
  // Found to be where it was: nothing to tell.
  if (isFirst || gap !== null) {
    const resumed = isClaimed && gap === null
    const hidden = feed.hidesPositions
    const ready = encodeReady(feed.idWith(subscription, formatCursor(hub.tag, position)), {
      channel: hub.name,
      resumed,
      first: hidden ? null : hub.first,
      head: hidden ? null : (hub.ring?.head ?? position.offset),
      ...(options.coalesce === undefined ? {} : { coalesced: true }),
    })
    feed.release(hub.tag)
    feed.announceOthers(subscription)
    subscription.announce(position)
    stream.writeFrame(Frame.fromText(ready), 1)
    subscription.settleReady({ resumed, ...(gap === null ? {} : { gap }) })
  }
  if (!subscription.isClosed) subscription.opened(position, page)
}
