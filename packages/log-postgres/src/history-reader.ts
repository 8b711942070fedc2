import { type Position, type ReadAfter, type ReadOptions, type ReadResult, SseError } from '@rivulet/core'
import { decodeEntry } from '@rivulet/core/log-kit'
import { logError } from './log-error.ts'
import type { LogParts } from './parts.ts'

/** More than any channel keeps. */
const maxLimit = 1_000_000_000
/** Mending and reading again, while others change the channel at the same time. */
const maxAttempts = 5

interface Page extends ReadResult {
  /** There are entries that are older than may be. */
  readonly isStale: boolean
}

/** Reads a page of a channel, with the bounds of the same moment. */
export async function readHistory(
  parts: LogParts,
  channel: string,
  { after, limit, signal }: ReadOptions,
): Promise<ReadResult> {
  const { database, schema } = parts
  const doing = `Reading channel "${channel}"`
  const values = [channel, ...asArguments(after), Math.min(limit, maxLimit)]
  for (let attempt = 1; ; attempt += 1) {
    const text = `SELECT ${schema}.read($1, $2, $3, $4, $5, $6)`
    const page = decodePage(await database.query({ doing, text, values, signal }))
    const isWhole = page !== null && page.entries.length === Math.min(limit, page.head - page.after.offset)
    if (isWhole && (!page.isStale || attempt === maxAttempts)) return withoutMark(page)
    if (attempt === maxAttempts) {
      throw logError(doing, new Error('entries are missing between its bounds, again and again'))
    }
    try {
      await mend(parts, { channel, isTorn: page !== null && !isWhole, signal })
    } catch (error) {
      if (isWhole && isReadOnly(error)) return withoutMark(page)
      throw error
    }
  }
}

/** Makes the channel where there is none, begins it anew where it has lost entries, and trims what is too old. */
async function mend(
  { database, schema, retentions }: LogParts,
  { channel, isTorn, signal }: { channel: string; isTorn: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  await database.query({
    doing: `Reading channel "${channel}"`,
    text: `SELECT ${schema}.mend($1, $2, $3)::text`,
    values: [channel, retentions.get(channel), isTorn],
    signal,
  })
}

/** A standby serves what it has. */
function isReadOnly(error: unknown): boolean {
  return error instanceof SseError && error.code === 'ERR_SSE_LOG_READ_ONLY'
}

function asArguments(after: ReadAfter): readonly (string | number)[] {
  return typeof after === 'string' ? [after, '', 0, ''] : ['position', after.epoch, after.offset, after.check]
}

/** The first row has the bounds; `null` where there is no such channel. */
function decodePage(rows: readonly (string | null)[]): Page | null {
  const [bounds, ...texts] = rows
  if (bounds === undefined || bounds === null) return null
  const [epoch = '', first, head, ended, invalid, offset, check = '', isStale] = bounds.split(' ')
  const after: Position = { epoch, offset: Number(offset), check }
  return {
    entries: texts.map((text, index) => decodeEntry(text ?? '', after.offset + 1 + index)),
    first: Number(first),
    head: Number(head),
    epoch,
    after,
    ended: ended === 'true',
    isStale: isStale === 'true',
    ...(invalid === 'expired' || invalid === 'unknown' ? { invalid } : {}),
  }
}

function withoutMark({ isStale: _isStale, ...result }: Page): ReadResult {
  return result
}
