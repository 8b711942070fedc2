import type { Msg, Subscription } from '@nats-io/transport-node'
import type { Position, StoredEntry } from '@rivulet/core'
import type { LogMessage } from '@rivulet/core/log-kit'
import { decodeBody } from '../stream/stored-message.ts'

/** One consumer: how a process hears of a channel's history. */
export interface Listening {
  readonly channel: string
  readonly stream: string
  readonly consumer: string
  readonly subscription: Subscription
  /** The newest entry that it has told of, or behind which it was begun. */
  head: Position
  /** When something came last, by `performance.now()`. */
  heardAt: number
  /** Whether its consumer or its stream was seen to be no more. */
  isOver: boolean
}

/** What a consumer sends beside messages. */
export type Signal =
  /** Nothing is new behind that offset. */
  | { readonly kind: 'heartbeat'; readonly offset: number; readonly stalledReply: string | undefined }
  /** Goes on when it is answered. */
  | { readonly kind: 'flow control' }
  /** The consumer is no more. */
  | { readonly kind: 'over' }

/** Null: it is a message of the stream. */
export function signalOf({ headers, reply }: Msg): Signal | null {
  if (headers === undefined || headers.code === 0) return null
  if (headers.code !== 100) return { kind: 'over' }
  const lastOffset = headers.get('Nats-Last-Stream')
  if (lastOffset === '') return { kind: reply === undefined ? 'over' : 'flow control' }
  const stalledReply = headers.get('Nats-Consumer-Stalled')
  return {
    kind: 'heartbeat',
    offset: Number(lastOffset),
    stalledReply: stalledReply === '' ? undefined : stalledReply,
  }
}

export function messageOf(message: Msg, epoch: string): LogMessage {
  const offset = offsetOf(message.reply ?? '')
  try {
    const { previous, entry } = decodeBody(message.string(), offset)
    return { epoch, offset, previous, entry }
  } catch {
    // Anybody may publish to a subject. Whoever reads it is told.
    return { epoch, offset, previous: null, entry: null }
  }
}

/**
 * The sequence in the stream, from where an acknowledgement would go:
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>`, on newer servers with the domain
 * and a hash of the account behind `ACK`.
 *
 * @see https://docs.nats.io/reference/reference-protocols/nats_api_reference
 */
function offsetOf(reply: string): number {
  const tokens = reply.split('.')
  return Number(tokens[tokens.length >= 11 ? 7 : 5])
}

export function positionOf(epoch: string, { offset, check }: StoredEntry): Position {
  return { epoch, offset, check }
}
