import type { Evidence } from '../probes/evidence.ts'
import type { Watched } from '../probes/watched.ts'
import { firstBytesMs, type RecordedEvents } from '../probes/watched.ts'
import type { Burst, RecordedBlock } from '../recording/recording.ts'
import { count, duration } from './finding.ts'

/** A sign that something collects what it should pass on. */
export interface HoldBack {
  /** What was seen, in one sentence. */
  readonly message: string
  /** Whether an application that writes each event at once cannot look like this. */
  readonly isCertain: boolean
}

/** Longer pauses are no matter of networks. */
const pauseMs = 300
const longPauseMs = 1_000
/** Blocks larger than this take their time on slow networks. */
const largeBlock = 65_536

/**
 * Every sign in what one connection received.
 *
 * @param stallMs For how long this process itself was too busy to read, at most.
 */
export function holdBacksOf(watched: Watched, stallMs: number): readonly HoldBack[] {
  const signs = [
    cutEvents(watched),
    lateEvents(watched, stallMs),
    heapedHeartbeats(watched),
    allAtTheEnd(watched),
  ]
  return signs.filter((sign) => sign !== null)
}

/** Servers write blocks whole; what cuts them in two and waits is a buffer that was full. */
function cutEvents({ recording, stoppedAt, ending }: Watched): HoldBack | null {
  if (recording.largestBlock > largeBlock) return null
  const { bursts } = recording
  const pauses = bursts.flatMap((burst, index) => {
    const next = bursts[index + 1]
    const until = next?.from ?? (ending === null ? stoppedAt : burst.to)
    return !burst.isWhole && until - burst.to >= pauseMs ? [{ burst, ms: until - burst.to }] : []
  })
  if (pauses.length === 0) return null
  const longest = Math.max(...pauses.map(({ ms }) => ms))
  const offsets = pauses.slice(0, 3).map(({ burst }) => burst.offset.toLocaleString('en-US'))
  return {
    message: `Events are cut in two, and the rest comes up to ${duration(longest)} later (${count(pauses.length, 'time')}; after ${offsets.join(', ')} bytes).`,
    isCertain: pauses.length > 1 || longest >= longPauseMs,
  }
}

/** Where events carry the time at which they were made, some waited while others did not. */
function lateEvents({ recording, requestedAt }: Watched, stallMs: number): HoldBack | null {
  const stamped = recording.events.flatMap(({ at, stampMs }) => (stampMs === null ? [] : [{ at, stampMs }]))
  // Clocks differ by an unknown constant: the fastest event tells which.
  const offset = Math.min(...stamped.map(({ at, stampMs }) => at - stampMs))
  const live = stamped.filter(({ stampMs }) => stampMs + offset >= requestedAt)
  const late = live.filter(({ at, stampMs }, index) => {
    const next = live[index + 1]
    const isInHeap = next !== undefined && next.at - at <= 20 && next.stampMs - stampMs >= 5
    return isInHeap && at - stampMs - offset >= pauseMs + stallMs
  })
  if (late.length < 3) return null
  const longest = Math.max(...late.map(({ at, stampMs }) => at - stampMs - offset))
  const heapCount = late.filter(({ at }, index) => at - (late[index - 1]?.at ?? 0) > pauseMs).length
  return {
    message: `${count(late.length, 'event')} of ${live.length} came up to ${duration(longest)} after the time that they carry, together with later ones.`,
    // Once may be a network that stood still.
    isCertain: longest >= longPauseMs && heapCount > 1,
  }
}

/** Nobody sends several heartbeats in one moment. */
function heapedHeartbeats({ recording }: Watched): HoldBack | null {
  const heartbeats = recording.blocks.filter(({ kind }) => kind === 'comment')
  const start = recording.bursts[0]?.to ?? 0
  let largest = 1
  let heap: RecordedBlock[] = []
  for (const block of heartbeats) {
    const last = heap.at(-1)
    const belongs = last !== undefined && block.at - last.at <= 10 && block.comment === last.comment
    heap = belongs ? [...heap, block] : [block]
    if (block.at > start) largest = Math.max(largest, heap.length)
  }
  if (largest < 2) return null
  return { message: `${largest} heartbeats came in one moment.`, isCertain: largest > 2 }
}

/** The whole stream in one go, a while after it was asked for, and then the end. */
function allAtTheEnd(watched: Watched): HoldBack | null {
  const { recording, ending, stoppedAt } = watched
  const [first] = recording.bursts
  if (first === undefined || ending === null || recording.eventCount < 3) return null
  const waited = firstBytesMs(watched) ?? 0
  if (waited < longPauseMs || stoppedAt - first.from > 100) return null
  return {
    message: `All ${count(recording.eventCount, 'event')} came at once when the stream ended, ${duration(waited)} after it was asked for.`,
    isCertain: recording.eventCount >= 5,
  }
}

/** Bytes that a buffer of any usual size would have kept. */
const smallBytes = 1_024
/** So long that whatever was waited for did not come. */
const alonePauseMs = 100

/** How often something small came through on its own: what buffers would have waited for more. */
export function promptPieces({ recording, stoppedAt }: Watched): readonly Burst[] {
  const { bursts } = recording
  return bursts.filter((burst, index) => {
    const until = bursts[index + 1]?.from ?? stoppedAt
    return burst.isWhole && burst.bytes <= smallBytes && until - burst.to >= alonePauseMs
  })
}

/** Whether pieces come so steadily, and small or of one event each, that nothing can be waiting for more. */
export function isSteady({ recording }: Watched): boolean {
  const { bursts } = recording
  const prompt = bursts.filter(
    ({ isWhole, bytes, blockCount }) => isWhole && (bytes <= smallBytes || blockCount === 1),
  )
  return prompt.length >= 5 && prompt.length >= bursts.length * 0.8
}

/** By how much later events reached one connection than another, for those that came over both. */
export function delays(one: RecordedEvents, other: RecordedEvents): readonly number[] {
  const times = arrivals(other)
  return [...arrivals(one)].flatMap(([key, at]) => {
    const otherAt = times.get(key)
    return otherAt === undefined || at === null || otherAt === null ? [] : [at - otherAt]
  })
}

/** The companion came later; where it sees the same events, it must see them at the same time. */
export function unequalArrivals({ main, companion }: Evidence): HoldBack | null {
  const [first] = companion?.recording.events ?? []
  const [mainFirst] = main.recording.events
  // A stream that begins anew for each connection has a rhythm of its own there.
  if (companion === null || first === undefined || mainFirst === undefined) return null
  if (keyOf(first) === keyOf(mainFirst)) return null
  const found = delays(companion.recording, main.recording)
  const spread = Math.max(...found) - Math.min(...found)
  if (found.length < 3 || spread < 500) return null
  return {
    message: `The same events reach two connections at different times, up to ${duration(spread)} apart.`,
    isCertain: true,
  }
}

/** When each event came, by what tells it apart; `null` where several look the same. */
function arrivals({ events }: RecordedEvents): ReadonlyMap<string, number | null> {
  const times = new Map<string, number | null>()
  for (const event of events) times.set(keyOf(event), times.has(keyOf(event)) ? null : event.at)
  return times
}

function keyOf({ id, event, data }: RecordedBlock): string {
  return JSON.stringify([event, id, data])
}
