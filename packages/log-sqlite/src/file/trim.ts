import type { ChannelRow } from './channel-row.ts'
import type { Queries } from './session.ts'

/** Entries looked at in one go. */
const pageEntries = 64
/** Entries trimmed in one transaction: what is more waits for the next, so that nobody waits long for the lock. */
export const deletedAtOnce = 1_000

/**
 * Appends trim a channel once in so many entries, or where so many bytes were added: to move its beginning by one takes as many statements as
 * to move it by many. Readers see what the retention keeps whatever is stored.
 */
const trimEntries = 32
const trimBytes = 256 * 1024

/** Whether an append that led from `before` to what the row has now should trim it. */
export function isTrimDue(
  { head, bytes }: ChannelRow,
  before: Pick<ChannelRow, 'head' | 'bytes'> | undefined,
): boolean {
  if (before === undefined) return true
  const isNext = (from: number, to: number, step: number) => Math.floor(from / step) < Math.floor(to / step)
  return isNext(before.head, head, trimEntries) || isNext(before.bytes, bytes, trimBytes)
}

/** Whether so much more is stored than the retention keeps that it is worth a write of its own. Of what is too old nothing should be. */
export function isWorthTrimming({ first, retention: { maxAgeMs } }: ChannelRow, stored: number): boolean {
  return first - stored >= (maxAgeMs === null ? trimEntries : 1)
}

/**
 * Moves `first`, and deletes what is before it. Changes the row alone and the entries. Within a write.
 *
 * @returns whether there may be more to trim.
 */
export function trim(database: Queries, row: ChannelRow, atOnce: number = deletedAtOnce): boolean {
  const isMore = moveFirst(database, row, atOnce)
  return deleteTrimmed(database, row, atOnce) || isMore
}

/**
 * Moves `first` to the oldest entry that the channel's retention keeps. Changes the row alone.
 *
 * @returns whether it may have to go further: about so many entries are looked at.
 */
export function moveFirst(
  database: Queries,
  row: ChannelRow,
  lookedAt: number = Number.POSITIVE_INFINITY,
): boolean {
  const { maxEvents, maxBytes, maxAgeMs } = row.retention
  if (row.head - row.first + 1 > maxEvents) keepNewest(database, row, maxEvents)
  const oldest = maxAgeMs === null ? Number.NEGATIVE_INFINITY : Date.now() - maxAgeMs
  const isTooMuch = () => row.bytes - row.beforeBytes > maxBytes && row.first < row.head
  const end = row.first + lookedAt
  while (row.first <= row.head && (maxAgeMs !== null || isTooMuch())) {
    if (row.first >= end) return true
    const page = database.all(
      'SELECT offset, "check", bytes, at FROM entry WHERE history = ? AND offset >= ? ORDER BY offset LIMIT ?',
      row.history,
      row.first,
      pageEntries,
    )
    if (page.length === 0) return false
    for (const entry of page) {
      if (!isTooMuch() && Number(entry.at) >= oldest) return false
      row.first = Number(entry.offset) + 1
      row.beforeCheck = String(entry.check)
      row.beforeBytes = Number(entry.bytes)
    }
  }
  return false
}

/**
 * Deletes entries before `first`. Within a write.
 *
 * @returns whether there may be more of them.
 */
function deleteTrimmed(database: Queries, { history, first }: ChannelRow, atOnce: number): boolean {
  const found = database.get(
    'SELECT offset FROM entry WHERE history = ? AND offset < ? ORDER BY offset LIMIT 1',
    history,
    first,
  )
  if (found === undefined) return false
  const end = Math.min(first, Number(found.offset) + atOnce)
  database.run('DELETE FROM entry WHERE history = ? AND offset < ?', history, end)
  return end < first
}

function keepNewest(database: Queries, row: ChannelRow, count: number): void {
  const first = row.head - count + 1
  const before = database.get(
    'SELECT "check", bytes FROM entry WHERE history = ? AND offset = ?',
    row.history,
    first - 1,
  )
  if (before === undefined) return
  row.first = first
  row.beforeCheck = String(before.check)
  row.beforeBytes = Number(before.bytes)
}
