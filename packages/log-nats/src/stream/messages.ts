import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream'
import type { Link } from '../connection/link.ts'
import { isNoResponders } from '../connection/no-responders.ts'
import { decodeMessage, type StoredMessage } from './stored-message.ts'

/** Messages that are asked for at the same time: more makes it no faster, and each may have a megabyte. */
const askedAtOnce = 32
/** Messages that are asked for within one time-out. */
const chunk = 1_000

/** Reads the messages of streams by their sequence, which is the offset. */
export class Messages {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  /** One message, or null where it is not there (any more). */
  get(stream: string, offset: number, doing: string, signal?: AbortSignal): Promise<StoredMessage | null> {
    return this.#link.run({ doing, signal, ask: (api) => getMessage(api, stream, offset) })
  }

  /** Those from one offset to another, up to the first that is not there. */
  async list(
    stream: string,
    from: number,
    to: number,
    doing: string,
    signal?: AbortSignal,
  ): Promise<StoredMessage[]> {
    const all: StoredMessage[] = []
    for (let start = from; start <= to; start += chunk) {
      const end = Math.min(start + chunk - 1, to)
      const some = await this.#link.run({
        doing,
        signal,
        ask: (api) => getMessages(api, stream, start, end, signal),
      })
      all.push(...some)
      if (some.length < end - start + 1) break
    }
    return all
  }
}

async function getMessages(
  api: JetStreamManager,
  stream: string,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): Promise<StoredMessage[]> {
  const found: (StoredMessage | null)[] = Array.from({ length: to - from + 1 }, () => null)
  let next = from
  const work = async () => {
    while (next <= to && signal?.aborted !== true) {
      const offset = next
      next += 1
      const message = await getMessage(api, stream, offset)
      found[offset - from] = message
      if (message === null) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(askedAtOnce, found.length) }, work))
  const end = found.indexOf(null)
  const there = end < 0 ? found : found.slice(0, end)
  return there.filter((message) => message !== null)
}

/** From any replica, or, where that has not heard of it (yet), from the leader. */
async function getMessage(
  api: JetStreamManager,
  stream: string,
  offset: number,
): Promise<StoredMessage | null> {
  const query = { seq: offset }
  const message =
    (await unlessGone(api.direct.getMessage(stream, query))) ??
    (await unlessGone(api.streams.getMessage(stream, query)))
  return message === null ? null : decodeMessage(message)
}

async function unlessGone<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (isNoResponders(error)) return null
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null
    throw error
  }
}
