import { type Retention, resolveRetention } from '@rivulet/core'

/** Retentions remembered: those set last. */
const maxRetentions = 10_000

/** What this process has set for its channels, for when one of them begins anew. */
export class Retentions {
  readonly #encoded = new Map<string, string>()

  /** @throws SseError `ERR_SSE_OPTION` */
  set(channel: string, retention: Retention): string {
    const encoded = encodeRetention(retention)
    this.#encoded.delete(channel)
    this.#encoded.set(channel, encoded)
    for (const oldest of this.#encoded.keys()) {
      if (this.#encoded.size <= maxRetentions) break
      this.#encoded.delete(oldest)
    }
    return encoded
  }

  /** `null` where the defaults of the schema count. */
  get(channel: string): string | null {
    return this.#encoded.get(channel) ?? null
  }
}

/** Four numbers, the last two empty for off. */
function encodeRetention(retention: Retention): string {
  const { maxEvents, maxBytes, maxAgeMs, idleMs } = resolveRetention(retention)
  return [maxEvents, maxBytes, whole(maxAgeMs), whole(idleMs)].join(',')
}

function whole(durationMs: number | false): string {
  return durationMs === false ? '' : String(Math.ceil(durationMs))
}
