import { createHash } from 'node:crypto'
import { JetStreamApiError } from '@nats-io/jetstream'
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node'
import type { QueuedAppend } from '@rivulet/core/log-kit'
import { encodeMessage } from '../stream/stored-message.ts'
import { type Next, pastOf, type Tip } from './tip.ts'

/** One append as it is published, as often as it takes: the server stores an id once. */
export interface Publication extends Next {
  readonly append: QueuedAppend
}

export function publicationOf(append: QueuedAppend, freshId: () => string): Publication {
  const { entry, idempotencyKey } = append
  return {
    append,
    id: idempotencyKey === undefined ? freshId() : idOfKey(idempotencyKey),
    check: entry.check,
    payloadBytes: Buffer.byteLength(entry.data),
    isKeyed: idempotencyKey !== undefined,
    isEnd: entry.kind === 'end',
  }
}

/** Keys may hold what headers may not, and be long. */
function idOfKey(key: string): string {
  return `key-${createHash('sha256').update(JSON.stringify(key)).digest('base64url')}`
}

/**
 * The message: stored only right behind the tip, which both its sequence and its id have to be. The sequence alone would let one
 * message of a batch slip in where another process has just stored one instead of its predecessor.
 */
export function messageOf(publication: Publication, tip: Tip): { body: string; headers: MsgHdrs } {
  const head = headers()
  head.set('Nats-Msg-Id', publication.id)
  head.set('Nats-Expected-Stream', tip.stream)
  head.set('Nats-Expected-Last-Sequence', String(tip.offset))
  if (tip.id !== null) head.set('Nats-Expected-Last-Msg-Id', tip.id)
  return { body: encodeMessage(pastOf(tip, publication), publication.append.text), headers: head }
}

/** What the server says to one publication. */
export type Answer =
  | { readonly kind: 'stored' | 'duplicate'; readonly offset: number }
  /** It may be stored or not. */
  | { readonly kind: 'none' }
  /** Nothing was stored: the newest message is another, or the whole stream is. */
  | { readonly kind: 'moved'; readonly isElsewhere: boolean }

const wrongLastId = 10070
const wrongLastSequence = 10071
const wrongLastSequenceUnknown = 10164
const wrongStream = 10060
const sameIdUnderWay = 10158
const moved = [wrongLastId, wrongLastSequence, wrongLastSequenceUnknown, wrongStream, sameIdUnderWay]

/** @throws JetStreamApiError for what is no matter of place. */
export function decodeAnswer(message: Msg): Answer {
  // Nobody listens: the stream is gone, or has no leader now.
  if (message.data.length === 0 && message.headers?.code === 503) return { kind: 'moved', isElsewhere: true }
  // As the server answers publishes to a stream's subject.
  const answer = message.json<{
    seq?: number
    duplicate?: boolean
    error?: { code: number; err_code: number; description: string }
  }>()
  if (answer.error !== undefined) {
    const code = answer.error.err_code
    if (moved.includes(code)) return { kind: 'moved', isElsewhere: code === wrongStream }
    throw new JetStreamApiError(answer.error)
  }
  if (answer.seq === undefined) throw new Error(`strange answer: ${message.string()}`)
  return { kind: answer.duplicate === true ? 'duplicate' : 'stored', offset: answer.seq }
}
