import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream'
import type { Link } from '../connection/link.ts'
import { Requests } from '../connection/requests.ts'
import { decodeMessage, type StoredMessage } from './stored-message.ts'

/** Messages that are asked for at the same time: more makes it no faster, and each may have a megabyte. */
const askedAtOnce = 32
/** Messages that are asked for within one time-out. */
const chunk = 1_000
/** How long to wait for a direct answer: a request that comes while a stream is being deleted is forgotten by the server. */
const directMs = 500

/** Reads the messages of streams by their sequence, which is the offset. */
export class Messages {
  readonly #link: Link
  readonly #requests: Requests

  constructor(link: Link) {
    this.#link = link
    this.#requests = new Requests(link, directMs)
  }

  close(): void {
    this.#requests.close()
  }

  /** One message, or null where it is not there (any more). */
  get(stream: string, offset: number, doing: string, signal?: AbortSignal): Promise<StoredMessage | null> {
    return this.#link.run({ doing, signal, ask: (api) => this.#ask(api, stream, offset) })
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
      const ask = (api: JetStreamManager) => this.#askForAll(api, stream, start, end, signal)
      const some = await this.#link.run({ doing, signal, ask })
      all.push(...some)
      if (some.length < end - start + 1) break
    }
    return all
  }

  async #askForAll(
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
        const message = await this.#ask(api, stream, offset)
        found[offset - from] = message
        if (message === null) return
      }
    }
    await Promise.all(Array.from({ length: Math.min(askedAtOnce, found.length) }, work))
    const end = found.indexOf(null)
    const there = end < 0 ? found : found.slice(0, end)
    return there.filter((message) => message !== null)
  }

  /** From any replica, or, where that does not answer or has not heard of it (yet), from the leader. */
  async #ask(api: JetStreamManager, stream: string, offset: number): Promise<StoredMessage | null> {
    const query = { seq: offset }
    const direct = await this.#requests.ask(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query))
    // Without a body it is a status: there is no such message, or nobody to give it.
    if (direct !== null && direct.data.length > 0) {
      const storedAt = () => Date.parse(direct.headers?.get('Nats-Time-Stamp') ?? '')
      return decodeMessage(direct.string(), offset, storedAt)
    }
    const stored = await unlessGone(api.streams.getMessage(stream, query))
    return stored === null ? null : decodeMessage(stored.string(), offset, () => stored.time.getTime())
  }
}

async function unlessGone<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null
    throw error
  }
}
