import { createHash } from 'node:crypto'
import { SseError, show } from './sse-error.ts'

/** A place in one channel's log, as a client brings it back. */
export interface Cursor {
  /** Short hash of the channel's name. */
  readonly tag: string
  readonly epoch: string
  readonly offset: number
  readonly check: string
}

/** Channels that one id can carry cursors for. */
export const maxCursors = 4

const tagLength = 5
const separator = '_'
// Tag, epoch, offset in base 36, check: 27 bytes at most up to an offset of 10^14.
const cursorPattern = /^([A-Za-z0-9]{5})\.([A-Za-z0-9]{1,6})-(0|[1-9a-z][0-9a-z]{0,9})-([A-Za-z0-9]{1,4})$/

/** The tag of a channel's name: five characters of its SHA-256. */
export function tagOf(channelName: string): string {
  const hash = createHash('sha256').update(channelName).digest('base64')
  return hash.replace(/[+/=]/g, '').slice(0, tagLength).padEnd(tagLength, '0')
}

/** `<tag>.<epoch>-<offset>-<check>`, of `[A-Za-z0-9._-]` only: other characters would cost a CORS preflight. */
export function formatCursor(tag: string, { epoch, offset, check }: Omit<Cursor, 'tag'>): string {
  return `${tag}.${epoch}-${offset.toString(36)}-${check}`
}

/** Several cursors as one id. */
export function joinCursors(cursors: readonly string[]): string {
  return cursors.join(separator)
}

/** One cursor out of untrusted text, or `null`. */
function parseCursor(text: string): Cursor | null {
  const [, tag, epoch, digits, check] = cursorPattern.exec(text) ?? []
  if (tag === undefined || epoch === undefined || digits === undefined || check === undefined) return null
  const offset = Number.parseInt(digits, 36)
  return Number.isSafeInteger(offset) ? { tag, epoch, offset, check } : null
}

/**
 * The cursors of an id that a client brought. Untrusted: bounded, checked, at most four, the first of each tag.
 *
 * @returns `null` where the id is none of ours.
 */
export function parseCursors(id: string): readonly Cursor[] | null {
  const parts = id.split(separator, maxCursors + 1)
  if (parts.length > maxCursors) return null
  const cursors: Cursor[] = []
  for (const part of parts) {
    const cursor = parseCursor(part)
    if (cursor === null) return null
    if (!cursors.some(({ tag }) => tag === cursor.tag)) cursors.push(cursor)
  }
  return cursors
}

/**
 * A cursor that the program itself passes in (from a database, from `publish`).
 *
 * @throws SseError `ERR_SSE_OPTION` where it is none of that channel.
 */
export function checkCursor(name: string, value: unknown, tag: string): Cursor {
  const cursor = typeof value === 'string' ? parseCursor(value) : null
  if (cursor !== null && cursor.tag === tag) return cursor
  throw new SseError(
    'ERR_SSE_OPTION',
    `${name} must be an id of this channel, as publish() and head() give it, not ${show(value)}.`,
    {
      value,
    },
  )
}
