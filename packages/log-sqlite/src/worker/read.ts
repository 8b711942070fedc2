import type { Position } from '@rivulet/core'
import { type ChannelRow, findChannel, isUntouched } from '../file/channel-row.ts'
import type { Page, ReadRequest } from '../file/protocol.ts'
import { isWorthTrimming, moveFirst } from '../file/trim.ts'
import type { Database } from './database.ts'

interface Read {
  readonly page: Page
  /** Whether something should be written: entries have become too old, or the channel is still in use. */
  readonly isUntidy: boolean
  /** Whether entries are missing: somebody has deleted them. Then the page is none. */
  readonly isTorn: boolean
}

/** A page of a channel with the bounds of the same moment; `undefined` where there is no such channel. Within a read. */
export function readPage(database: Database, { channel, after, limit }: ReadRequest): Read | undefined {
  const row = findChannel(database, channel)
  if (row === undefined) return undefined
  const stored = row.first
  moveFirst(database, row)
  const invalid = typeof after === 'string' ? undefined : invalidity(database, row, after)
  const start = startOf(row, after, invalid)
  const last = Math.min(row.head, start.offset + limit)
  const entries =
    last <= start.offset
      ? []
      : database.all(
          'SELECT body FROM entry WHERE history = ? AND offset > ? AND offset <= ? ORDER BY offset',
          row.history,
          start.offset,
          last,
        )
  const { epoch, first, head, ended } = row
  const bodies = entries.map(({ body }) => String(body))
  return {
    page: { epoch, first, head, ended, invalid, after: start, bodies },
    isUntidy: isWorthTrimming(row, stored) || isUntouched(row),
    isTorn: entries.length < last - start.offset,
  }
}

function invalidity(database: Database, row: ChannelRow, after: Position): Page['invalid'] {
  if (after.epoch !== row.epoch || after.offset > row.head) return 'unknown'
  if (after.offset < row.first - 1) return 'expired'
  return checkAt(database, row, after.offset) === after.check ? undefined : 'unknown'
}

function checkAt(database: Database, row: ChannelRow, offset: number): string | undefined {
  if (offset === row.first - 1) return row.beforeCheck
  if (offset === row.head) return row.headCheck
  const entry = database.get(
    'SELECT "check" FROM entry WHERE history = ? AND offset = ?',
    row.history,
    offset,
  )
  return entry === undefined ? undefined : String(entry.check)
}

function startOf(row: ChannelRow, after: ReadRequest['after'], invalid: Page['invalid']): Position {
  if (after === 'head') return { epoch: row.epoch, offset: row.head, check: row.headCheck }
  if (after !== 'start' && invalid === undefined) return after
  return { epoch: row.epoch, offset: row.first - 1, check: row.beforeCheck }
}
