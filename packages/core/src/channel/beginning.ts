import type { Position } from '../log/event-log.ts'
import type { Ring } from '../log/ring.ts'
import type { Gap, GapReason } from '../wire/control-event.ts'
import type { Abortable } from './abortable.ts'
import type { Hub } from './hub.ts'
import type { Page } from './page.ts'
import type { PageRead, ReadBounds } from './page-shelf.ts'
import type { ResolvedSubscribeOptions, Start } from './subscribe-options.ts'

/** How a subscription opens. */
export interface Opening {
  readonly start: Start
  /** The client brought where it is; else the program's `from` says where it begins. */
  readonly isClaimed: boolean
  /** The client has had nothing of this subscription yet. */
  readonly isFirst: boolean
}

/** Whose beginning is looked for. */
export interface LocatedSubscription {
  readonly hub: Hub
  readonly options: ResolvedSubscribeOptions
  /** No topics, no filter: what it missed can be counted. */
  readonly hearsEverything: boolean
}

/** Where a subscription can begin. */
export interface Beginning {
  readonly position: Position
  /** The entries that follow, where they were read on the way. */
  readonly page: Page | null
  readonly gap: Gap | null
  /** Nothing up to here may be sent; `null`: all that follows `position` may. */
  readonly withheldThrough: Withheld | null
}

/** A place of which the log can say no more than where it would be. */
export type Withheld = Pick<Position, 'epoch' | 'offset'>

/** Where a subscription begins that the ring alone can place; else `null`, and the log is asked. */
export function beginningInRing(subscription: LocatedSubscription, opening: Opening): Beginning | null {
  const { ring } = subscription.hub
  return ring === null ? null : knownBeginning(ring, startOf(subscription, opening))
}

/**
 * Finds out where a subscription begins, with the log's help where it takes it.
 *
 * @throws (rejects) the asker's reason.
 */
export async function locate(
  subscription: LocatedSubscription,
  opening: Opening,
  asker: Abortable,
): Promise<Beginning> {
  const { hub } = subscription
  const ring = await hub.start(asker)
  const start = startOf(subscription, opening)
  const known = knownBeginning(ring, start)
  if (known !== null) return known
  const beginning = await readBeginning(subscription, opening, start, asker)
  // Either the tail has not noticed yet that the history changed, or the page is older than the change.
  if (!hub.agreesWith(beginning.position)) await hub.recheck(asker)
  return beginning
}

/** Where the subscription begins, not earlier than it may. */
function startOf({ options }: LocatedSubscription, { start }: Opening): Start {
  const { notBefore } = options
  if (typeof notBefore !== 'object' || typeof start !== 'object') return start
  return start.epoch === notBefore.epoch && start.offset < notBefore.offset ? notBefore : start
}

function knownBeginning(ring: Ring, start: Start): Beginning | null {
  if (start === 'head') return beginningAt(ring.headPosition)
  return typeof start === 'object' && ring.has(start) ? beginningAt(start) : null
}

function beginningAt(position: Position): Beginning {
  return { position, page: null, gap: null, withheldThrough: null }
}

async function readBeginning(
  subscription: LocatedSubscription,
  opening: Opening,
  start: Start,
  asker: Abortable,
): Promise<Beginning> {
  const { hub, options } = subscription
  const { notBefore } = options
  const read = await readFrom(hub, start, asker)
  const { after, epoch } = read.bounds
  const gap = gapOf(subscription, opening, read.bounds)
  const isEarly =
    typeof notBefore === 'object' && notBefore.epoch === epoch && after.offset < notBefore.offset
  if (!isEarly) return beginningOf(subscription, read, gap)
  const isAsked = start === notBefore
  const allowed = isAsked ? read : await hub.readPage(notBefore, asker)
  if (allowed.bounds.invalid === undefined) return beginningOf(subscription, allowed, gap)
  const own = isAsked ? await readFrom(hub, opening.start, asker) : read
  const through = { epoch, offset: Math.min(notBefore.offset, allowed.bounds.head) }
  return withholding(subscription, opening, own, through)
}

function readFrom(hub: Hub, start: Start, asker: Abortable): Promise<PageRead> {
  return hub.readPage(start === 'unreadable' || start === 'head' ? 'start' : start, asker)
}

function beginningOf(
  { options }: LocatedSubscription,
  { bounds, page }: PageRead,
  gap: Gap | null,
): Beginning {
  return {
    position: bounds.after,
    // A snapshot stands for what the page has.
    page: gap !== null && options.snapshot !== undefined ? null : page,
    gap,
    withheldThrough: null,
  }
}

/**
 * The log has lost what `notBefore` stood for, and with it what tells the entries before it from those behind. So none is sent of
 * those it has by now up to that offset, and whoever has not passed that is told: some of them may have been meant for it.
 */
function withholding(
  subscription: LocatedSubscription,
  { start }: Opening,
  read: PageRead,
  through: Withheld,
): Beginning {
  const { after, invalid } = read.bounds
  const isPassed = after.epoch !== through.epoch || after.offset >= through.offset
  const isComplete = isPassed && invalid === undefined && start !== 'unreadable'
  const gap: Gap = { channel: subscription.hub.name, reason: 'unknown', missed: null }
  return {
    ...beginningOf(subscription, read, isComplete ? null : gap),
    withheldThrough: isPassed ? null : through,
  }
}

function gapOf(
  subscription: LocatedSubscription,
  opening: Opening,
  { after, ended, head, invalid }: ReadBounds,
): Gap | null {
  const channel = subscription.hub.name
  if (opening.start === 'unreadable') return { channel, reason: 'unknown', missed: null }
  if (invalid === undefined) return null
  const from = startOf(subscription, opening)
  if (typeof from === 'string') return null
  if (invalid === 'unknown') return { channel, reason: 'unknown', missed: null }
  // The mark of the end is no event: who lacks nothing but that lacks nothing.
  const isEndTrimmed = ended && after.offset === head
  const missedCount = after.offset - from.offset - (isEndTrimmed ? 1 : 0)
  if (missedCount === 0) return null
  const missed = subscription.hearsEverything ? missedCount : null
  const reason: GapReason = opening.isFirst ? 'expired' : 'slow'
  return { channel, reason, missed }
}
