import type { StoredEntry } from '../log/event-log.ts'
import { type ChannelDeliverMessage, delivered } from './diagnostics.ts'
import { fanOut } from './fan-out.ts'

/** Tells of entries that a tail has brought, once they are written to all that keep up; of none that concern nobody. */
export function watchDelivery(channel: string, entries: readonly StoredEntry[]): void {
  const oldest = entries[0]
  if (oldest === undefined || fanOut.isIdle) return
  const logLagMs = Math.max(0, Date.now() - oldest.at)
  const broughtAt = performance.now()
  fanOut.onceIdle(() => {
    const fanOutMs = performance.now() - broughtAt
    delivered.publish({
      channel,
      entryCount: entries.length,
      logLagMs,
      latencyMs: logLagMs + fanOutMs,
      fanOutMs,
    } satisfies ChannelDeliverMessage)
  })
}
