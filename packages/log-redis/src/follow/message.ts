import type { StoredEntry } from '@rivulet/core'
import { decodeEntry } from '../entry-text.ts'

/** One published entry: `<epoch> <offset> <check of the entry before> <JSON>`. No JSON: the history was begun anew. */
export interface Message {
  readonly epoch: string
  readonly offset: number
  /** Check of the entry before: what the follower must have come to. */
  readonly previous: string
  /** `null` where there is nothing in it that can be delivered. */
  readonly entry: StoredEntry | null
}

/** A published message. One that makes no sense fits nobody, so that those who follow look for themselves. */
export function decodeMessage(text: string): Message {
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
