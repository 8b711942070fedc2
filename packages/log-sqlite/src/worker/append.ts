import { type ChannelRow, findOrCreateChannel, saveChannel } from './channel-row.ts'
import type { Database } from './database.ts'
import type { AppendItem, AppendRequest, StoredItem } from './protocol.ts'
import { deleteTrimmed, moveFirst } from './trim.ts'

/** The contract asks for two minutes from the moment the first call has its answer. */
const rememberMs = 3 * 60 * 1000

interface Appended {
  readonly outcomes: readonly StoredItem[]
  /** Channels of which trimmed entries are left. */
  readonly untidy: readonly string[]
}

/** Stores a batch of entries of any channels, all of it or nothing. Within a write. */
export function append(database: Database, { channels, items }: AppendRequest): Appended {
  const rows = channels.map((channel) => findOrCreateChannel(database, channel))
  const outcomes = items.map((item) => {
    const row = rows[item.channel]
    if (row === undefined) throw new Error(`an entry of channel ${item.channel} of ${rows.length}`)
    return knownPosition(database, row, item) ?? (row.ended ? 'ended' : store(database, row, item))
  })
  const untidy: string[] = []
  for (const row of rows) {
    moveFirst(database, row)
    if (deleteTrimmed(database, row)) untidy.push(row.name)
    saveChannel(database, row)
  }
  return { outcomes, untidy }
}

function store(database: Database, row: ChannelRow, item: AppendItem): StoredItem {
  const previous = row.headCheck
  row.head += 1
  row.headCheck = item.check
  row.bytes += item.payloadBytes
  row.ended = item.kind === 'end'
  database.run(
    'INSERT INTO entry (history, offset, "check", previous, at, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
    row.history,
    row.head,
    item.check,
    previous,
    item.at,
    row.bytes,
    item.body,
  )
  remember(database, row, item)
  return { epoch: row.epoch, offset: row.head, check: item.check, previous }
}

function knownPosition(
  database: Database,
  row: ChannelRow,
  { idempotencyKey }: AppendItem,
): StoredItem | undefined {
  if (idempotencyKey === undefined) return undefined
  const known = database.get(
    'SELECT offset, "check" FROM idempotency WHERE history = ? AND key = ? AND until > ?',
    row.history,
    JSON.stringify(idempotencyKey),
    Date.now(),
  )
  if (known === undefined) return undefined
  return { epoch: row.epoch, offset: Number(known.offset), check: String(known.check) }
}

function remember(database: Database, row: ChannelRow, { idempotencyKey }: AppendItem): void {
  if (idempotencyKey === undefined) return
  database.run(
    'INSERT OR REPLACE INTO idempotency (history, key, offset, "check", until) VALUES (?, ?, ?, ?, ?)',
    row.history,
    JSON.stringify(idempotencyKey),
    row.head,
    row.headCheck,
    Date.now() + rememberMs,
  )
}
