import type { StoredEntry } from '@rivulet/core'
import { decodeEntry, type LogMessage } from '@rivulet/core/log-kit'

/**
 * A published entry: `<epoch> <offset> <check of the entry before> <JSON>`. No JSON: the history was begun anew. One that makes
 * no sense fits nobody, so that those who follow look for themselves.
 */
export function decodeMessage(text: string): LogMessage {
  const epochEnd = text.indexOf(' ')
  const offsetEnd = text.indexOf(' ', epochEnd + 1)
  const previousEnd = text.indexOf(' ', offsetEnd + 1)
  const offset = Number(text.slice(epochEnd + 1, offsetEnd))
  return {
    epoch: text.slice(0, epochEnd),
    offset,
    previous: text.slice(offsetEnd + 1, previousEnd),
    entry: entryIn(text.slice(previousEnd + 1), offset),
  }
}

function entryIn(text: string, offset: number): StoredEntry | null {
  try {
    return decodeEntry(text, offset)
  } catch {
    return null // Anybody may publish anything; the stream has what counts.
  }
}
