import { createHash } from 'node:crypto'
import type { StreamInfo } from '@nats-io/jetstream'
import { epochLength } from '@rivulet/core/log-kit'
import { decodeNote, type StreamNote } from './stream-note.ts'

/** One history of a channel: its stream, as it was at some moment. */
export interface History extends StreamNote {
  /** The stream's name. */
  readonly stream: string
  /** What the stream takes: the channel's subject, unless it is not the channel's yet or any more. */
  readonly subjects: readonly string[]
  readonly epoch: string
  /** Offset of the oldest message that the server still has, 1 where there never was one; `head + 1` where all are gone. */
  readonly oldest: number
  /** Offset of the newest message, 0 where there never was one. */
  readonly head: number
  /** When it was last published to or seen in use, in milliseconds since 1970. */
  readonly busyAt: number
  /** Whether some process follows it. */
  readonly isFollowed: boolean
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export function historyOf({ config, created, state }: StreamInfo): History {
  const note = decodeNote(config.description, config.name)
  const writtenAt = state.last_seq === 0 ? 0 : Date.parse(state.last_ts)
  return {
    ...note,
    stream: config.name,
    subjects: config.subjects ?? [],
    epoch: epochOf(config.name, created),
    oldest: Math.max(state.first_seq, 1),
    head: state.last_seq,
    busyAt: Math.max(Date.parse(created), writtenAt, note.usedAt),
    isFollowed: state.consumer_count > 0,
  }
}

/** Whether there is nothing left of it to go on from: somebody purged the stream, or has thrown away its end. */
export function isEmptied({ oldest, head }: History): boolean {
  return oldest > head && head > 0
}

/** That part of `idleMs` may pass until it is written down that a channel is in use, and is granted on top. */
const idleShare = 1 / 8

/** Whether nobody has used it for as long as its retention says. */
export function isForgotten({ busyAt, isFollowed, retention: { idleMs } }: History): boolean {
  return idleMs !== false && !isFollowed && Date.now() - busyAt > idleMs * (1 + idleShare)
}

/** Whether those who use it should write that down. */
export function looksIdle({ busyAt, retention: { idleMs } }: History): boolean {
  return idleMs !== false && Date.now() - busyAt > idleMs * idleShare
}

/** The stream's creation, with its name for the case that two are created in the same moment. */
function epochOf(stream: string, created: string): string {
  const hash = createHash('sha256').update(`${created} ${stream}`).digest()
  return Array.from(hash.subarray(0, epochLength), (byte) => alphabet[byte % alphabet.length]).join('')
}
