import type { Position } from '@rivulet/core'
import { type ChannelRow, findOrCreateChannel, saveChannel } from './channel-row.ts'
import { Insertion, type StoredFields } from './insert.ts'
import type { Numbers } from './own-entries.ts'
import { type AppendRequest, type AppendResult, type ChannelRequest, fieldCount } from './protocol.ts'
import type { Queries } from './session.ts'
import { deletedAtOnce, isTrimDue, trim } from './trim.ts'

/** The contract asks for two minutes from the moment the first call has its answer. */
const rememberMs = 3 * 60 * 1000

/** Where the rows of channels come from. */
export interface Channels {
  findOrCreate(database: Queries, request: ChannelRequest): ChannelRow
}

export interface AppendTerms {
  /** Of each channel, in entries. */
  readonly trimmedAtOnce?: number
  /** Default: the file. */
  readonly channels?: Channels
}

const storedChannels: Channels = { findOrCreate: findOrCreateChannel }

interface Appended {
  readonly result: AppendResult
  /** Of the entries that were stored. */
  readonly numbers: Numbers | undefined
  /** Channels of which trimmed entries are left. */
  readonly untidy: readonly string[]
}

/** Stores a batch of entries of any channels, all of it or nothing. Within a write. */
export function append(
  database: Queries,
  request: AppendRequest,
  { trimmedAtOnce = deletedAtOnce, channels = storedChannels }: AppendTerms = {},
): Appended {
  const { places, fields, keys, ends } = request
  const rows = request.channels.map((channel) => channels.findOrCreate(database, channel))
  const before = rows.map(({ head, bytes }) => ({ head, bytes }))
  const heads = rows.map((row): Position => ({ epoch: row.epoch, offset: row.head, check: row.headCheck }))
  const insertion = new Insertion(database)
  let exceptions: Map<number, 'ended' | Position> | undefined
  for (let index = 0; index * fieldCount < fields.length; index += 1) {
    const row = rows[places?.[index] ?? 0]
    if (row === undefined) throw new Error(`entry ${index} is of no channel`)
    const key = keys?.get(index)
    const exception = exceptionOf(database, row, key)
    if (exception === undefined) {
      insertion.add(row, fieldsOf(fields, index))
      row.ended = ends?.has(index) === true
      if (key !== undefined) remember(database, row, key)
    } else {
      exceptions ??= new Map()
      exceptions.set(index, exception)
    }
  }
  const numbers = insertion.finish()
  const untidy = rows.filter((row, place) => {
    const isMore = isTrimDue(row, before[place]) && trim(database, row, trimmedAtOnce)
    saveChannel(database, row)
    return isMore
  })
  return { result: { heads, exceptions }, numbers, untidy: untidy.map(({ name }) => name) }
}

/** The log has put them there in this order. */
function fieldsOf(fields: AppendRequest['fields'], index: number): StoredFields {
  const at = index * fieldCount
  return {
    body: String(fields[at]),
    check: String(fields[at + 1]),
    at: Number(fields[at + 2]),
    payloadBytes: Number(fields[at + 3]),
  }
}

function exceptionOf(
  database: Queries,
  row: ChannelRow,
  key: string | undefined,
): 'ended' | Position | undefined {
  const known = key === undefined ? undefined : knownPosition(database, row, key)
  return known ?? (row.ended ? 'ended' : undefined)
}

function knownPosition(database: Queries, row: ChannelRow, key: string): Position | undefined {
  const known = database.get(
    'SELECT offset, "check" FROM idempotency WHERE history = ? AND key = ? AND until > ?',
    row.history,
    JSON.stringify(key),
    Date.now(),
  )
  if (known === undefined) return undefined
  return { epoch: row.epoch, offset: Number(known.offset), check: String(known.check) }
}

function remember(database: Queries, row: ChannelRow, key: string): void {
  database.run(
    'INSERT OR REPLACE INTO idempotency (history, key, offset, "check", until) VALUES (?, ?, ?, ?, ?)',
    row.history,
    JSON.stringify(key),
    row.head,
    row.headCheck,
    Date.now() + rememberMs,
  )
}
