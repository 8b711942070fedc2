import type { PublishedEvent } from './channel-record.ts'
import { type Listening, type Place, placeOf, withLater } from './listening.ts'
import { FaultFound } from './verdict.ts'

/** What is known when a `$ready` comes. */
export interface ReadySituation {
  readonly at: number
  /** Where the client was by the id it brought, or on this connection; `null` where it has not heard of the channel. */
  readonly before: readonly Place[] | null
  /** The client brought an id that it never got. */
  readonly broughtForeignId: boolean
  readonly resumed: boolean
  /** What the id of `$ready` is made of. */
  readonly cursors: readonly string[]
}

/**
 * Where a client is once it got a `$ready`.
 *
 * @throws FaultFound where it cannot be there, or should have been told.
 */
export function beginnings(listening: Listening, situation: ReadySituation): readonly Place[] {
  const { gap, record } = listening
  const { before, broughtForeignId, resumed } = situation
  if (gap === null && resumed) return resumedAt(listening, situation)
  if (gap === null && before !== null && !broughtForeignId) {
    throw new FaultFound(
      'unannounced gap',
      `${record.name} began anew for a client with a cursor, without $gap`,
    )
  }
  if (resumed) throw new FaultFound('wrong opening', `$ready of ${record.name} says resumed behind a $gap`)
  if (gap === null) return chosen(listening, freshPlaces(listening, situation), situation, 'wrong cursor')
  if (gap.reason === 'unknown') return afterLoss(listening, situation)
  return afterTrimming(listening, situation, before ?? [])
}

/** An event, for a message. */
export function describeMissing({ key, id }: PublishedEvent): string {
  return `${key.replace('\n', ' ')} (${id ?? 'no id'})`
}

function resumedAt(listening: Listening, situation: ReadySituation): readonly Place[] {
  const { record, options } = listening
  const { before, broughtForeignId, cursors } = situation
  if (before === null) {
    // An id that the client was given elsewhere may be one of the channel's all the same.
    if (broughtForeignId)
      return chosen(listening, freshPlaces(listening, situation), situation, 'wrong cursor')
    throw new FaultFound('wrong cursor', `${record.name} says resumed to a client without a cursor`)
  }
  const now = withLater(record, before)
  const id = cursors.find((cursor) => record.epochs.some((epoch) => placeOf(epoch, cursor) > 0))
  if (id === undefined) return now
  const next: Place[] = []
  let isMissing = false
  for (const { epoch, low, high } of now) {
    const place = placeOf(epoch, id)
    if (place === -1 || (place < low && options.notBefore === undefined)) continue
    if (listening.firstMissing(epoch, Math.min(high, place), place) === null)
      next.push({ epoch, low: place, high: place })
    else isMissing = true
  }
  if (next.length > 0) return next
  throw isMissing
    ? new FaultFound('unannounced gap', `${record.name} resumed at ${id}, and events before are missing`)
    : new FaultFound('wrong cursor', `${record.name} resumed at ${id}, where the client is not`)
}

/** Where a client may begin that has nothing yet. */
function freshPlaces({ record, options }: Listening, { at }: ReadySituation): Place[] {
  const epochs = record.epochs.filter(({ beganAt }) => beganAt <= at)
  return epochs.map((epoch) => {
    const { from } = options
    const high = from === 'start' ? record.trimmableAt(epoch, at) : record.countAt(epoch, at)
    if (from === undefined || from === 'live' || from === 'start') return { epoch, low: 0, high }
    const place = Math.max(placeOf(epoch, from), 0)
    return { epoch, low: place, high: place }
  })
}

/** Entries were trimmed before the client got them. */
function afterTrimming(
  listening: Listening,
  situation: ReadySituation,
  before: readonly Place[],
): readonly Place[] {
  const { record, options } = listening
  const { at } = situation
  const next: Place[] = []
  for (const { epoch, low } of withLater(record, before)) {
    const trimmable = record.trimmableAt(epoch, at)
    if (trimmable <= low) continue
    const high = options.snapshot === true ? record.countAt(epoch, at) : trimmable
    next.push({ epoch, low: low + 1, high })
  }
  // Once what could tell was trimmed, a position that was rolled back looks like one that expired.
  const rolledBack = before.some((place) => canBeLost(listening, place, at))
    ? record.epochs.filter(({ beganAt, keptCount }) => beganAt <= at && keptCount >= 0)
    : []
  for (const epoch of rolledBack) {
    const high = options.snapshot === true ? record.countAt(epoch, at) : record.trimmableAt(epoch, at)
    if (high > 0) next.push({ epoch, low: 1, high })
  }
  if (next.length === 0 && before.length > 0) {
    throw new FaultFound(
      'false gap',
      `$gap (${listening.gap?.reason}) of ${record.name}, where nothing was trimmed`,
    )
  }
  const places = before.length === 0 ? freshPlaces(listening, situation) : next
  const begun = chosen(listening, places, situation, 'hole')
  if (rolledBack.length === 0) assertMissed(listening, before, begun)
  return begun
}

/** The client's history is not there any more. */
function afterLoss(listening: Listening, situation: ReadySituation): readonly Place[] {
  const { record, options, gap } = listening
  const { at, before, broughtForeignId } = situation
  if (gap?.missed !== null)
    throw new FaultFound('false gap', '$gap (unknown) has a count, which nobody can know')
  if (!broughtForeignId && before !== null && !before.some((place) => canBeLost(listening, place, at))) {
    throw new FaultFound('false gap', `$gap (unknown) of ${record.name}, whose history is still there`)
  }
  const epochs = record.epochs.filter(({ beganAt }) => beganAt <= at)
  const places = epochs.map((epoch) => {
    const high = options.snapshot === true ? record.countAt(epoch, at) : record.trimmableAt(epoch, at)
    return { epoch, low: 0, high }
  })
  return chosen(listening, places, situation, 'hole')
}

function canBeLost(listening: Listening, { epoch, high }: Place, at: number): boolean {
  return listening.record.epochs.some((later) => {
    if (later.index <= epoch.index || later.beganAt > at) return false
    if (later.keptCount < high || later.keptCount < 0) return true
    // Its cursor may have been moved over events that were not for it.
    return listening.firstMissing(epoch, high, later.keptCount + 1) === null
  })
}

/** Those places that the id of `$ready` can mean; all of them where it has none that is known. */
function chosen(
  listening: Listening,
  places: readonly Place[],
  { cursors }: ReadySituation,
  otherwise: 'hole' | 'wrong cursor',
): readonly Place[] {
  const { record, options } = listening
  const id = cursors.find((cursor) => record.epochs.some((epoch) => placeOf(epoch, cursor) > 0))
  if (id === undefined) return places
  const meant = places.flatMap(({ epoch, low, high }) => {
    const place = placeOf(epoch, id)
    const isMeant = place >= low && (place <= high || isBarred(listening, place, epoch))
    return isMeant ? [{ epoch, low: place, high: place }] : []
  })
  if (meant.length > 0) return meant
  throw new FaultFound(
    otherwise,
    `${record.name} begins at ${id}, which leaves out events that ${options.from === 'start' || otherwise === 'hole' ? 'are still there' : 'the client should get'}`,
  )
}

function isBarred({ options }: Listening, place: number, epoch: Place['epoch']): boolean {
  return options.notBefore !== undefined && place <= placeOf(epoch, options.notBefore)
}

/** A count of what was missed has to be right, where there is one. */
function assertMissed(listening: Listening, before: readonly Place[], begun: readonly Place[]): void {
  const missed = listening.gap?.missed ?? null
  if (missed === null) return
  const isRight = withLater(listening.record, before).some((from) =>
    begun.some(({ epoch, low, high }) => {
      if (epoch !== from.epoch) return false
      const counts = (start: number, end: number, isCertain: boolean) =>
        epoch.slots
          .slice(start, end)
          .filter(
            (slot, index) =>
              slot.event !== null &&
              (slot.isCertain || !isCertain) &&
              listening.hears(epoch, start + index + 1) !== 'no',
          ).length
      // A snapshot stands for more than what was trimmed.
      const least = listening.options.snapshot === true ? 1 : counts(from.high, low, true)
      return missed >= least && missed <= counts(from.low, high, false)
    }),
  )
  if (!isRight) throw new FaultFound('false gap', `$gap says ${missed} events are missing, which is not so`)
}
