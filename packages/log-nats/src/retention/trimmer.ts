import { firstThat } from '../read/first-that.ts'
import { type ReadParts, type View, viewing } from '../read/history-reader.ts'
import { rememberMs } from '../stream/streams.ts'

/** The part of a channel's retention that is published until it is looked at again. */
const share = 1 / 16
const minEvents = 64
/** The server's clock may differ from this one, by which keys are kept. */
const clockMarginMs = 60_000

interface Left {
  events: number
  bytes: number
}

/**
 * Deletes from streams what retention does not keep. Readers do not see that anyway, so it is done now and then, beside the
 * appends: JetStream's own limits know neither what has to stay, nor bytes of payload.
 *
 * What stays: the newest message, which proves positions and remembers the end; and messages with idempotency keys, while those
 * hold.
 */
export class Trimmer {
  readonly #parts: ReadParts
  /** How much may be published until the next look; a channel that is not in here is looked at with the first append. */
  readonly #left = new Map<string, Left>()
  readonly #trimming = new Map<string, Promise<void>>()
  #isClosed = false

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** So much was stored. */
  note(channel: string, count: number, payloadBytes: number): void {
    const left = this.#left.get(channel)
    if (left !== undefined) {
      left.events -= count
      left.bytes -= payloadBytes
      if (left.events > 0 && left.bytes > 0) return
    }
    if (this.#isClosed || this.#trimming.has(channel)) return
    const trimming = this.trim(channel)
      // With the next append it is tried again, which tells its caller if that fails too.
      .catch(() => {})
      .finally(() => this.#trimming.delete(channel))
    this.#trimming.set(channel, trimming)
  }

  /** Looks at a channel, and deletes what nobody can read any more. */
  async trim(channel: string): Promise<void> {
    const doing = `Trimming channel "${channel}"`
    await viewing(this.#parts, channel, doing, undefined, async (view) => {
      const { maxEvents, maxBytes } = view.history.retention
      this.#left.set(channel, { events: Math.max(maxEvents * share, minEvents), bytes: maxBytes * share })
      const upTo = await keptFrom(view)
      if (upTo <= view.history.oldest) return
      const { stream } = view.history
      await this.#parts.link.run({ doing, ask: (api) => api.streams.purge(stream, { seq: upTo }) })
    })
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#trimming.values())
  }
}

/** Offset of the oldest message that has to stay. */
async function keptFrom({ history, bounds, get }: View): Promise<number> {
  const first = Math.min(bounds.first, history.head)
  if (first <= history.oldest) return first
  const newestKeyed = (await get(first))?.newestKeyed ?? 0
  const keysHoldFrom = Date.now() - rememberMs - clockMarginMs
  const isYoung = async (offset: number) => ((await get(offset))?.storedAt ?? 0) >= keysHoldFrom
  if (newestKeyed < history.oldest || !(await isYoung(newestKeyed))) return first
  return Math.min(first, await firstThat(history.oldest, newestKeyed, isYoung))
}
