import type { Row } from './driver/driver.ts'
import type { ChannelRequest, StoredRetention } from './protocol.ts'
import type { Queries } from './session.ts'

/**
 * Whoever uses a channel keeps it, but doesn't note it every time: for readers that is a write, and for those who append a page more of one.
 * So channels are kept for up to this part of their time longer.
 */
const spareShare = 0.25

/** A channel as it is stored, to be changed within one transaction. */
export interface ChannelRow {
  readonly name: string
  readonly history: number
  readonly epoch: string
  head: number
  headCheck: string
  /** Payload bytes of the history up to the head. */
  bytes: number
  first: number
  /** Check and bytes of the entry before `first`. */
  beforeCheck: string
  beforeBytes: number
  ended: boolean
  retention: StoredRetention
  expiresAt: number | null
}

export function findChannel(database: Queries, name: string): ChannelRow | undefined {
  const row = database.get('SELECT * FROM channel WHERE name = ?', storedName(name))
  return row === undefined ? undefined : decodeRow(name, row)
}

/** Within a write. */
export function findOrCreateChannel(database: Queries, request: ChannelRequest): ChannelRow {
  return findChannel(database, request.channel) ?? createChannel(database, request)
}

/** Begins another history, with the retention that the channel had. Within a write. */
export function beginAnew(database: Queries, request: ChannelRequest): void {
  const old = findChannel(database, request.channel)
  if (old !== undefined) dropHistory(database, old.history)
  createChannel(database, { ...request, retention: old?.retention ?? request.retention })
}

/** Forgets a channel; what it stored is cleared away little by little. Within a write. */
export function dropHistory(database: Queries, history: number): void {
  database.run('DELETE FROM channel WHERE history = ?', history)
  database.run('INSERT OR IGNORE INTO dropped (history) VALUES (?)', history)
}

/** Stores what was changed but for the retention, and that the channel is in use. Within a write. */
export function saveChannel(database: Queries, row: ChannelRow): void {
  database.run(
    `UPDATE channel SET head = ?, head_check = ?, bytes = ?, first = ?, before_check = ?, before_bytes = ?, ended = ?
      WHERE history = ?`,
    row.head,
    row.headCheck,
    row.bytes,
    row.first,
    row.beforeCheck,
    row.beforeBytes,
    row.ended ? 1 : 0,
    row.history,
  )
  if (isUntouched(row)) saveRetention(database, row)
}

/** Stores the retention, and that the channel is in use. Within a write. */
export function saveRetention(database: Queries, row: ChannelRow): void {
  const { maxEvents, maxBytes, maxAgeMs, idleMs } = row.retention
  row.expiresAt = expiryOf(idleMs)
  database.run(
    'UPDATE channel SET max_events = ?, max_bytes = ?, max_age_ms = ?, idle_ms = ?, expires_at = ? WHERE history = ?',
    maxEvents,
    maxBytes,
    maxAgeMs,
    idleMs,
    row.expiresAt,
    row.history,
  )
}

/** Whether it should be noted that the channel is still in use. */
export function isUntouched({ expiresAt, retention: { idleMs } }: ChannelRow): boolean {
  return expiresAt !== null && idleMs !== null && expiresAt - Date.now() < idleMs
}

function expiryOf(idleMs: number | null): number | null {
  return idleMs === null ? null : Date.now() + Math.ceil(idleMs * (1 + spareShare))
}

/** Text comes back from SQLite only up to a NUL, and halves of surrogate pairs not at all: both are escaped. */
export function storedName(name: string): string {
  return JSON.stringify(name).slice(1, -1)
}

/** The name that {@link storedName} has stored. */
export function nameOf(stored: unknown): string {
  return String(JSON.parse(`"${stored}"`))
}

function createChannel(database: Queries, { channel, epoch, retention }: ChannelRequest): ChannelRow {
  const { maxEvents, maxBytes, maxAgeMs, idleMs } = retention
  database.run(
    `INSERT INTO channel (name, epoch, max_events, max_bytes, max_age_ms, idle_ms, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)`,
    storedName(channel),
    epoch,
    maxEvents,
    maxBytes,
    maxAgeMs,
    idleMs,
    expiryOf(idleMs),
  )
  const created = findChannel(database, channel)
  if (created === undefined) throw new Error(`channel ${channel} is not there after its creation`)
  return created
}

function decodeRow(name: string, row: Row): ChannelRow {
  return {
    name,
    history: Number(row.history),
    epoch: String(row.epoch),
    head: Number(row.head),
    headCheck: String(row.head_check),
    bytes: Number(row.bytes),
    first: Number(row.first),
    beforeCheck: String(row.before_check),
    beforeBytes: Number(row.before_bytes),
    ended: row.ended === 1,
    retention: {
      maxEvents: Number(row.max_events),
      maxBytes: Number(row.max_bytes),
      maxAgeMs: numberOrNull(row.max_age_ms),
      idleMs: numberOrNull(row.idle_ms),
    },
    expiresAt: numberOrNull(row.expires_at),
  }
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}
