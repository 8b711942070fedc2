import type { ResolvedRetention } from '@rivulet/core'
import { startCheck } from '../start-check.ts'
import type { History } from '../stream/history.ts'
import type { StoredMessage } from '../stream/stored-message.ts'
import { firstThat } from './first-that.ts'

/** What of a history its retention keeps: the server has more, and at least the newest message. */
export interface Bounds {
  /** Offset of the oldest entry that can be read; `head + 1` where there is none. */
  readonly first: number
  /** Check of the entry before `first`. */
  readonly checkBefore: string
  /** `null` where nothing was ever stored. */
  readonly newest: StoredMessage | null
}

/** Gives a message, or null where it is not there. */
export type GetMessage = (offset: number) => Promise<StoredMessage | null>

/** Thrown where a message is not there any more: the history has to be looked at anew. */
export class Vanished extends Error {
  readonly offset: number

  constructor(offset: number) {
    super(`the message at offset ${offset} is missing`)
    this.offset = offset
  }
}

/**
 * @param floor What is before this offset counts as trimmed.
 * @throws (rejects) {@link Vanished}
 */
export async function findBounds(history: History, floor: number, get: GetMessage): Promise<Bounds> {
  const { head, oldest, retention } = history
  if (head === 0) return { first: 1, checkBefore: startCheck, newest: null }
  const low = Math.max(oldest, floor, head - retention.maxEvents + 1)
  const [newest, lowest] = await Promise.all([there(get, head), there(get, low)])
  const search = new Search(retention, newest, get)
  const first = search.keeps(lowest)
    ? low
    : await firstThat(low + 1, head, (offset) => search.keepsAt(offset))
  const checkBefore = first > head ? newest.entry.check : (await there(get, first)).previous
  return { first, checkBefore, newest }
}

class Search {
  readonly #newest: StoredMessage
  readonly #maxBytes: number
  readonly #storedFrom: number
  readonly #get: GetMessage

  constructor({ maxBytes, maxAgeMs }: ResolvedRetention, newest: StoredMessage, get: GetMessage) {
    this.#newest = newest
    this.#maxBytes = maxBytes
    this.#storedFrom = maxAgeMs === false ? 0 : Date.now() - maxAgeMs
    this.#get = get
  }

  async keepsAt(offset: number): Promise<boolean> {
    return this.keeps(await there(this.#get, offset))
  }

  /** The newest is kept however large it is, until it is too old. */
  keeps({ entry, bytesBefore, storedAt }: StoredMessage): boolean {
    const { offset } = this.#newest.entry
    const isSmallEnough = entry.offset === offset || this.#newest.bytes - bytesBefore <= this.#maxBytes
    return isSmallEnough && (this.#storedFrom === 0 || storedAt >= this.#storedFrom)
  }
}

async function there(get: GetMessage, offset: number): Promise<StoredMessage> {
  const message = await get(offset)
  if (message === null) throw new Vanished(offset)
  return message
}
