import { type ResolvedRetention, resolveRetention, SseError } from '@rivulet/core'

/** What a log writes into the description of a stream: metadata of streams came with a later server. */
export interface StreamNote {
  readonly channel: string
  readonly retention: ResolvedRetention
  /** When it was last seen in use, in milliseconds since 1970, beside its messages; 0: not yet. */
  readonly usedAt: number
}

const start = 'Rivulet channel '

export function encodeNote({ channel, retention, usedAt }: StreamNote): string {
  return start + JSON.stringify({ channel, retention, usedAt })
}

/** @throws SseError `ERR_SSE_LOG_FOREIGN_KEY` for anything else. */
export function decodeNote(description: string | undefined, stream: string): StreamNote {
  try {
    if (description?.startsWith(start)) {
      // Written by encodeNote() of some process; the retention is checked below.
      const note = JSON.parse(description.slice(start.length)) as StreamNote
      return { channel: note.channel, retention: resolveRetention(note.retention), usedAt: note.usedAt }
    }
  } catch {
    // Told below, like every other description that is not ours.
  }
  throw new SseError(
    'ERR_SSE_LOG_FOREIGN_KEY',
    `The stream "${stream}" has a description that no Rivulet log wrote: give the log another prefix, or delete the stream.`,
    { value: description },
  )
}
