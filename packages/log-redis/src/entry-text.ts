import { type Entry, SseError, type StoredEntry } from '@rivulet/core'

/** An entry as it is stored and published. */
export function encodeEntry({ v, kind, event, data, topics, at, check }: Entry): string {
  return JSON.stringify({ v, kind, event, data, topics, at, check })
}

/**
 * An entry as it was stored, with its place.
 *
 * @throws SseError `ERR_SSE_LOG_FOREIGN_KEY`
 */
export function decodeEntry(text: string, offset: number): StoredEntry {
  try {
    // Written by encodeEntry() of some process; what else could stand there is looked for below.
    const entry = JSON.parse(text) as Entry
    if (entry.v === 1) return { ...entry, offset }
  } catch {
    // Told below, like everything that is no entry of this version.
  }
  throw new SseError(
    'ERR_SSE_LOG_FOREIGN_KEY',
    `What Redis holds at offset ${offset} is no entry of this version. Give the log another prefix.`,
    { value: text },
  )
}
