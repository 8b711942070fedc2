import type { Position } from '@rivulet/core'
import { type ChannelRow, findOrCreateChannel, saveChannel } from './channel-row.ts'
import type { Database } from './database.ts'
import type { AppendRequest, AppendResult } from './protocol.ts'
import { deleteTrimmed, moveFirst } from './trim.ts'

/** The contract asks for two minutes from the moment the first call has its answer. */
const rememberMs = 3 * 60 * 1000

interface Appended {
  readonly result: AppendResult
  /** Channels of which trimmed entries are left. */
  readonly untidy: readonly string[]
}

/** Stores a batch of entries of any channels, all of it or nothing. Within a write. */
export function append(database: Database, request: AppendRequest): Appended {
  const rows = request.channels.map((channel) => findOrCreateChannel(database, channel))
  const heads = rows.map((row): Position => ({ epoch: row.epoch, offset: row.head, check: row.headCheck }))
  const exceptions = new Map<number, 'ended' | Position>()
  const { places, times, payloadBytes, keys, ends } = request
  const checks = request.checks.split('\n')
  // JSON has no line breaks of its own.
  for (const [index, body] of request.bodies.split('\n').entries()) {
    const row = rows[places[index] ?? -1]
    if (row === undefined) throw new Error(`entry ${index} is of no channel`)
    const key = keys.get(index)
    const exception = exceptionOf(database, row, key)
    if (exception === undefined) {
      row.bytes += payloadBytes[index] ?? 0
      store(database, row, { body, check: checks[index] ?? '', at: times[index] ?? 0 })
      row.ended = ends.includes(index)
      if (key !== undefined) remember(database, row, key)
    } else {
      exceptions.set(index, exception)
    }
  }
  const untidy: string[] = []
  for (const row of rows) {
    moveFirst(database, row)
    if (deleteTrimmed(database, row)) untidy.push(row.name)
    saveChannel(database, row)
  }
  return { result: { heads, exceptions }, untidy }
}

function exceptionOf(
  database: Database,
  row: ChannelRow,
  key: string | undefined,
): 'ended' | Position | undefined {
  const known = key === undefined ? undefined : knownPosition(database, row, key)
  return known ?? (row.ended ? 'ended' : undefined)
}

function store(
  database: Database,
  row: ChannelRow,
  { body, check, at }: { body: string; check: string; at: number },
): void {
  const previous = row.headCheck
  row.head += 1
  row.headCheck = check
  database.run(
    'INSERT INTO entry (history, offset, "check", previous, at, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    row.history,
    row.head,
    check,
    previous,
    at,
    row.bytes,
    body,
  )
}

function knownPosition(database: Database, row: ChannelRow, key: string): Position | undefined {
  const known = database.get(
    'SELECT offset, "check" FROM idempotency WHERE history = ? AND key = ? AND until > ?',
    row.history,
    JSON.stringify(key),
    Date.now(),
  )
  if (known === undefined) return undefined
  return { epoch: row.epoch, offset: Number(known.offset), check: String(known.check) }
}

function remember(database: Database, row: ChannelRow, key: string): void {
  database.run(
    'INSERT OR REPLACE INTO idempotency (history, key, offset, "check", until) VALUES (?, ?, ?, ?, ?)',
    row.history,
    JSON.stringify(key),
    row.head,
    row.headCheck,
    Date.now() + rememberMs,
  )
}
