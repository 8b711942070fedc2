import type { Position } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import type { RingEntry } from '../log/ring-entry.ts'
import { Frame } from '../sink/frame.ts'

/** Most bytes of one write to one connection, unless a single event is larger. */
const maxWriteBytes = 64 * 1024

/** What of a source goes out in one write. */
export interface Range {
  readonly entries: readonly RingEntry[]
  /** The place up to which everything is settled by it. */
  readonly through: Position
}

/** What all readers of the same topics that stand at one offset get in one write. */
export interface SharedRange {
  /** `null`: nothing. */
  readonly frame: Frame | null
  readonly eventCount: number
  readonly through: Position
  /** The place of the last event among them. */
  readonly last: Position | undefined
}

/**
 * The entries after `from` that `accepts` lets through, as many as fit one write. The mark of a channel's end is settled with
 * them and never sent as an event.
 */
export function collectRange(
  source: EntrySource,
  from: Position,
  accepts: (entry: RingEntry) => boolean,
  maxBytes = maxWriteBytes,
): Range {
  const entries: RingEntry[] = []
  let through = from
  let bytes = 0
  for (let offset = from.offset + 1; offset <= source.head; offset += 1) {
    const entry = source.get(offset)
    if (entry === undefined) break
    if (entry.entry.kind === 'event' && accepts(entry)) {
      const { size } = entry
      if (bytes > 0 && bytes + size > maxBytes) break
      bytes += size
      entries.push(entry)
    }
    through = entry.position
  }
  return { entries, through }
}

/**
 * As `collectRange`, with only the newest entry of each key in all that the source has; entries without a key (`undefined`)
 * all stay. Ends early where a write would become too large: what was left out before is looked at again from there.
 */
export function coalesceRange(
  source: EntrySource,
  from: Position,
  accepts: (entry: RingEntry) => boolean,
  keyOf: (entry: RingEntry) => unknown,
): Range {
  const all = collectRange(source, from, accepts, Number.POSITIVE_INFINITY)
  const newest = new Map<unknown, RingEntry>()
  const keys = all.entries.map((entry) => {
    const key = keyOf(entry)
    if (key !== undefined) newest.set(key, entry)
    return key
  })
  const entries: RingEntry[] = []
  let bytes = 0
  for (const [index, entry] of all.entries.entries()) {
    const key = keys[index]
    if (key !== undefined && newest.get(key) !== entry) continue
    const { size } = entry
    if (bytes > 0 && bytes + size > maxWriteBytes)
      return { entries, through: entries.at(-1)?.position ?? from }
    bytes += size
    entries.push(entry)
  }
  return { entries, through: all.through }
}

/** One frame of several entries' blocks; `null` of none. One entry's own frame is used as it is. */
export function frameOf(entries: readonly RingEntry[]): Frame | null {
  const [first] = entries
  if (first === undefined) return null
  if (entries.length === 1) return first.frame
  // As one text: bytes of each, put together, would be encoded apart and copied.
  let text = ''
  for (const entry of entries) text += entry.text
  return Frame.fromText(text)
}
