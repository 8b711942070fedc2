import type { StoredEntry } from '../log/event-log.ts'
import { type ChannelDeliverMessage, delivered } from './diagnostics.ts'
import { type Deliverable, fanOut } from './fan-out.ts'

/** Tells of entries that a tail has brought, once they are written to all that keep up; of none that concern nobody. */
export function watchDelivery(channel: string, entries: readonly StoredEntry[]): void {
  const oldest = entries[0]
  if (oldest === undefined || fanOut.isIdle) return
  fanOut.enqueue(new DeliveryMark(channel, entries.length, Math.max(0, Date.now() - oldest.at)))
}

/** Stands in the fan-out's queue behind the readers that the entries have woken. */
class DeliveryMark implements Deliverable {
  isQueued = false
  readonly #channel: string
  readonly #entryCount: number
  readonly #logLagMs: number
  readonly #broughtAt = performance.now()

  constructor(channel: string, entryCount: number, logLagMs: number) {
    this.#channel = channel
    this.#entryCount = entryCount
    this.#logLagMs = logLagMs
  }

  deliver(): 'done' {
    const fanOutMs = performance.now() - this.#broughtAt
    delivered.publish({
      channel: this.#channel,
      entryCount: this.#entryCount,
      logLagMs: this.#logLagMs,
      latencyMs: this.#logLagMs + fanOutMs,
      fanOutMs,
    } satisfies ChannelDeliverMessage)
    return 'done'
  }
}
