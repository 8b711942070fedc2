import type { StoredEntry } from '@rivulet/core'
import { decodeEntry } from '@rivulet/core/log-kit'

/**
 * What each message says of those before it. Its publisher knows that: the server stores a message only right behind the one
 * that it names.
 */
export interface Past {
  /** Check of the entry before, `0` where there is none. */
  readonly previous: string
  /** Bytes of payload of all entries before, since the history began. */
  readonly bytesBefore: number
  /** Offset of the newest entry with an idempotency key, this one included; 0 where there is none. */
  readonly newestKeyed: number
}

/** A message of a channel's stream. */
export interface StoredMessage extends Past {
  readonly entry: StoredEntry
  /** Bytes of payload with this entry's. */
  readonly bytes: number
  /** When the server stored it, in milliseconds since 1970. */
  readonly storedAt: number
}

/** The body of a message: a line about its past, then the entry as JSON. */
export function encodeMessage({ previous, bytesBefore, newestKeyed }: Past, json: string): string {
  return `${previous} ${bytesBefore} ${newestKeyed}\n${json}`
}

/** @throws SseError `ERR_SSE_LOG_FOREIGN_KEY` for anything that no log wrote. */
export function decodeBody(body: string, offset: number): Past & { readonly entry: StoredEntry } {
  const end = body.indexOf('\n')
  const [previous = '', bytesBefore, newestKeyed] = body.slice(0, Math.max(end, 0)).split(' ')
  const entry = decodeEntry(body.slice(end + 1), offset)
  return { previous, bytesBefore: Number(bytesBefore), newestKeyed: Number(newestKeyed), entry }
}

/** @param storedAt Asked only where it matters: it costs reading the message's headers. */
export function decodeMessage(body: string, offset: number, storedAt: () => number): StoredMessage {
  const decoded = decodeBody(body, offset)
  return {
    ...decoded,
    bytes: decoded.bytesBefore + Buffer.byteLength(decoded.entry.data),
    get storedAt() {
      return storedAt()
    },
  }
}
