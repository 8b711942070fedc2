import type { Position } from '../log/event-log.ts'
import type { Ring } from '../log/ring.ts'
import type { Gap, GapReason } from '../wire/control-event.ts'
import type { Hub } from './hub.ts'
import type { Page } from './page-reader.ts'
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

/** Finds out where a subscription begins, with the log's help where it takes it. */
export async function locate(subscription: LocatedSubscription, opening: Opening): Promise<Beginning> {
  const { hub } = subscription
  const ring = await hub.start()
  const start = startOf(subscription, opening)
  const known = knownBeginning(ring, start)
  if (known !== null) return known
  const beginning = await readBeginning(subscription, opening, start)
  // Either the tail has not noticed yet that the history changed, or the page is older than the change.
  if (!hub.agreesWith(beginning.position)) await hub.recheck()
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
): Promise<Beginning> {
  const { hub, options } = subscription
  const { notBefore } = options
  const page = await readFrom(hub, start)
  const { after, epoch } = page.result
  const isEarly =
    typeof notBefore === 'object' && notBefore.epoch === epoch && after.offset < notBefore.offset
  if (!isEarly) return beginningOf(subscription, page, gapOf(subscription, opening, page))
  const isAsked = start === notBefore
  const allowed = isAsked ? page : await hub.readPage(notBefore)
  if (allowed.result.invalid === undefined)
    return { ...beginningOf(subscription, allowed, gapOf(subscription, opening, page)), position: notBefore }
  const own = isAsked ? await readFrom(hub, opening.start) : page
  return withholding(subscription, opening, own, {
    epoch,
    offset: Math.min(notBefore.offset, allowed.result.head),
  })
}

function readFrom(hub: Hub, start: Start): Promise<Page> {
  return hub.readPage(start === 'unreadable' || start === 'head' ? 'start' : start)
}

function beginningOf({ options }: LocatedSubscription, page: Page, gap: Gap | null): Beginning {
  return {
    position: page.result.after,
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
  page: Page,
  withheldThrough: Withheld,
): Beginning {
  const { after, invalid } = page.result
  const isPassed = after.epoch !== withheldThrough.epoch || after.offset >= withheldThrough.offset
  const isComplete = isPassed && invalid === undefined && start !== 'unreadable'
  const gap: Gap = { channel: subscription.hub.name, reason: 'unknown', missed: null }
  return {
    ...beginningOf(subscription, page, isComplete ? null : gap),
    withheldThrough: isPassed ? null : withheldThrough,
  }
}

function gapOf(subscription: LocatedSubscription, opening: Opening, { result }: Page): Gap | null {
  const channel = subscription.hub.name
  if (opening.start === 'unreadable') return { channel, reason: 'unknown', missed: null }
  if (result.invalid === undefined) return null
  const from = startOf(subscription, opening)
  if (typeof from === 'string') return null
  if (result.invalid === 'unknown') return { channel, reason: 'unknown', missed: null }
  // The mark of the end is no event: who lacks nothing but that lacks nothing.
  const isEndTrimmed = result.ended && result.after.offset === result.head
  const missedCount = result.after.offset - from.offset - (isEndTrimmed ? 1 : 0)
  if (missedCount === 0) return null
  const missed = subscription.hearsEverything ? missedCount : null
  const reason: GapReason = opening.isFirst ? 'expired' : 'slow'
  return { channel, reason, missed }
}
