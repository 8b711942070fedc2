import { startCheck } from '../start-check.ts'
import type { History } from '../stream/history.ts'
import type { Past, StoredMessage } from '../stream/stored-message.ts'

/** The newest message of a channel, as far as this process knows: what the next one has to come right behind. */
export interface Tip {
  readonly stream: string
  readonly epoch: string
  readonly offset: number
  readonly check: string
  /** Bytes of payload since the history began. */
  readonly bytes: number
  readonly newestKeyed: number
  readonly isEnded: boolean
  /** The message's id; `null` where the server may not know it any more, though it has the message. */
  readonly id: string | null
}

/** What is stored next. */
export interface Next {
  readonly id: string
  readonly check: string
  readonly payloadBytes: number
  readonly isKeyed: boolean
  readonly isEnd: boolean
}

/** As it was just read. A server that was restarted knows the id of its newest message only while that is young. */
export function tipOf({ stream, epoch }: History, newest: StoredMessage | null): Tip {
  if (newest === null) {
    return { stream, epoch, offset: 0, check: startCheck, bytes: 0, newestKeyed: 0, isEnded: false, id: null }
  }
  const { entry, bytes, newestKeyed } = newest
  const isEnded = entry.kind === 'end'
  return { stream, epoch, offset: entry.offset, check: entry.check, bytes, newestKeyed, isEnded, id: null }
}

export function tipAfter({ stream, epoch, offset, bytes, newestKeyed }: Tip, next: Next): Tip {
  return {
    stream,
    epoch,
    offset: offset + 1,
    check: next.check,
    bytes: bytes + next.payloadBytes,
    newestKeyed: next.isKeyed ? offset + 1 : newestKeyed,
    isEnded: next.isEnd,
    id: next.id,
  }
}

/** What the next message says of those before it. */
export function pastOf({ offset, check, bytes, newestKeyed }: Tip, { isKeyed }: Next): Past {
  return { previous: check, bytesBefore: bytes, newestKeyed: isKeyed ? offset + 1 : newestKeyed }
}
