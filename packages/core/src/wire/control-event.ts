import { encodeEvent } from './encode-event.ts'
import { finishedIdEnding } from './field.ts'

/** Why a client did not get everything. */
export type GapReason =
  /** Its cursor points behind what the log still has. */
  | 'expired'
  /** Its cursor is of another history, beyond the head, forged or unreadable. */
  | 'unknown'
  /** It was connected, but too slow to be served before events were trimmed. */
  | 'slow'

/** Payload of `$gap`. */
export interface Gap {
  readonly channel: string
  readonly reason: GapReason
  /** How many events are missing, where that is certain; else `null`. */
  readonly missed: number | null
}

/** Payload of `$ready`. */
export interface Ready {
  readonly channel: string
  /** Everything after the client's cursor follows. */
  readonly resumed: boolean
  /** Offset of the oldest event that could be replayed; `null` where cursors are sealed. */
  readonly first: number | null
  /** Offset of the newest event; `null` where cursors are sealed. */
  readonly head: number | null
  /** Only the newest event of each key is sent to a reader that is behind. */
  readonly coalesced?: true
}

const reserved = { allowReserved: true }

/** `$gap`, without id: a client that is cut off here still has its old cursor and is told again. */
export function encodeGap(gap: Gap): string {
  return encodeEvent({ event: '$gap', data: gap }, reserved)
}

/** `$ready` with the cursor that the subscription starts from. The id has data beside it, since half of the clients forget a bare one. */
export function encodeReady(id: string, ready: Ready): string {
  return encodeEvent({ event: '$ready', data: ready, id }, reserved)
}

/** `$cursor`: the cursor moved without an event. */
export function encodeCursor(id: string): string {
  return encodeEvent({ event: '$cursor', data: {}, id }, reserved)
}

/** `$end` of one of several channels: nothing more will come from it, the stream goes on. */
export function encodeChannelEnd(id: string, channel: string): string {
  return encodeEvent({ event: '$end', data: { channel }, id }, reserved)
}

/** `$end`: finished for good. The id makes the client's next request one that is answered 204. */
export function encodeEnd(cursor: string): string {
  return `id: ${cursor}${finishedIdEnding}\n${encodeEvent({ event: '$end', data: {} }, reserved)}`
}
