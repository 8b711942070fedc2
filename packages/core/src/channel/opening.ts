import type { Position } from '../log/event-log.ts'
import type { Ring } from '../log/ring.ts'
import { Frame } from '../sink/frame.ts'
import type { OpenStream } from '../stream/open-stream.ts'
import { encodeGap, encodeReady, type Gap, type GapReason } from '../wire/control-event.ts'
import { checkCursor, formatCursor } from '../wire/cursor.ts'
import type { EventFields } from '../wire/encode-event.ts'
import { encodeChecked } from '../wire/event-check.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { gapTold } from './diagnostics.ts'
import type { Hub } from './hub.ts'
import type { Page } from './page-reader.ts'
import type { FeedMember, StreamSubscriptions } from './stream-subscriptions.ts'
import type { ResolvedSubscribeOptions, Start, SubscriptionReady } from './subscribe-options.ts'

/** What opening needs of the subscription. */
export interface OpeningSubscription extends FeedMember {
  readonly hub: Hub
  readonly feed: StreamSubscriptions
  readonly stream: OpenStream
  readonly options: ResolvedSubscribeOptions
  readonly isClosed: boolean
  /** No topics, no filter: what it missed can be counted. */
  readonly hearsEverything: boolean
  settleReady(ready: SubscriptionReady): void
  /** Calls `begin` when it is this subscription's turn, and serves it right behind: what both write leaves together. */
  beginInTurn(begin: () => void): void
  /** Everything after `position` follows; `page` has the first of it where that was read. */
  opened(position: Position, page: Page | null): void
}

/** How a subscription opens. */
export interface Opening {
  readonly start: Start
  /** The client brought where it is; else the program's `from` says where it begins. */
  readonly isClaimed: boolean
  /** The client has had nothing of this subscription yet. */
  readonly isFirst: boolean
}

/** Where it can begin. */
interface Beginning {
  readonly position: Position
  /** The entries that follow, where they were read on the way. */
  readonly page: Page | null
  readonly gap: Gap | null
}

/**
 * Opens a subscription, always in this order: `$gap` if the client missed something, the snapshot if it needs one, `$ready`,
 * events. At once where the ring knows the position; else the log is asked, and asked again while it fails.
 */
export function openSubscription(subscription: OpeningSubscription, opening: Opening): void {
  const { hub, stream, options } = subscription
  const start = startOf(subscription, opening)
  const position = hub.ring === null ? null : knownPosition(hub.ring, start)
  const isFresh = start === 'head' && !opening.isClaimed
  if (position === null || stream.isBehind || (isFresh && options.snapshot !== undefined)) {
    startSlowly(subscription, opening)
    return
  }
  begin(subscription, opening, { position, page: null, gap: null })
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
    const beginning = await untilClosed(subscription, locate(subscription, opening))
    if (beginning === null) return
    if (generation !== hub.generation) continue
    if (beginning.gap !== null) await tellGap(subscription, beginning.gap)
    const snapshotAt = await sendSnapshot(subscription, opening, beginning.gap)
    if (subscription.isClosed || (stream.isBehind && !(await stream.drained()))) return
    // The history changed meanwhile: what was found out is void, and the client's cursor is still its old one.
    if (generation !== hub.generation) continue
    const found = snapshotAt === null ? beginning : { ...beginning, position: snapshotAt, page: null }
    subscription.beginInTurn(() => {
      // A gap or a snapshot that was written stays right: it is told again in front of what is found out now.
      if (generation !== hub.generation) startSlowly(subscription, opening)
      // Behind again, where another of the stream's subscriptions had its turn before: one block more, or this one may wait forever.
      else begin(subscription, opening, found)
    })
    return
  }
}

/** `null` once nobody waits for it. The hub's own promises only reject for that reason. */
async function untilClosed<T>(subscription: OpeningSubscription, work: Promise<T>): Promise<T | null> {
  try {
    const result = await work
    return subscription.isClosed ? null : result
  } catch (error) {
    if (subscription.isClosed) return null
    throw error
  }
}

/** Where the subscription begins, not earlier than it may. */
function startOf({ options }: OpeningSubscription, { start }: Opening): Start {
  const { notBefore } = options
  if (typeof notBefore !== 'object' || typeof start !== 'object') return start
  return start.epoch === notBefore.epoch && start.offset < notBefore.offset ? notBefore : start
}

function knownPosition(ring: Ring, start: Start): Position | null {
  if (start === 'head') return ring.headPosition
  return typeof start === 'object' && ring.has(start) ? start : null
}

async function locate(subscription: OpeningSubscription, opening: Opening): Promise<Beginning> {
  const { hub, options } = subscription
  const ring = await hub.start()
  const start = startOf(subscription, opening)
  const position = knownPosition(ring, start)
  if (position !== null) return { position, page: null, gap: null }
  const page = await hub.readPage(start === 'unreadable' || start === 'head' ? 'start' : start)
  const { after, invalid } = page.result
  // Either the tail has not noticed yet that the history changed, or the page is older than the change.
  if (!hub.agreesWith(after)) await hub.recheck()
  const gap = gapOf(subscription, opening, page)
  const { notBefore } = options
  if (typeof notBefore === 'object' && notBefore.epoch === after.epoch && after.offset < notBefore.offset) {
    const allowed = await hub.readPage(notBefore)
    if (allowed.result.invalid === undefined) return { position: notBefore, page: allowed, gap }
  }
  return {
    position: after,
    page: invalid === undefined || gap === null || options.snapshot === undefined ? page : null,
    gap,
  }
}

function gapOf(subscription: OpeningSubscription, { start, isFirst }: Opening, { result }: Page): Gap | null {
  const channel = subscription.hub.name
  if (start === 'unreadable') return { channel, reason: 'unknown', missed: null }
  if (result.invalid === undefined || typeof start === 'string') return null
  const from = startOf(subscription, { start, isFirst, isClaimed: true })
  if (result.invalid === 'unknown' || typeof from === 'string')
    return { channel, reason: 'unknown', missed: null }
  // The mark of the end is no event: who lacks nothing but that lacks nothing.
  const isEndTrimmed = result.ended && result.after.offset === result.head
  const missedCount = result.after.offset - from.offset - (isEndTrimmed ? 1 : 0)
  if (missedCount === 0) return null
  const missed = subscription.hearsEverything ? missedCount : null
  const reason: GapReason = isFirst ? 'expired' : 'slow'
  return { channel, reason, missed }
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
  const bounds = await untilClosed(subscription, hub.readBounds())
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
  const isUnknown = await untilClosed(subscription, isUnknownTo(hub, at))
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
async function isUnknownTo(hub: Hub, position: Position): Promise<boolean> {
  if (hub.ring?.has(position) === true) return false
  return (await hub.readPage(position)).result.invalid === 'unknown'
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
  { position, page, gap }: Beginning,
): void {
  const { feed, hub, stream, options } = subscription
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
