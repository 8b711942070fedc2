import { type Retention, resolveRetention } from '@rivulet/core'
import type { StoredRetention } from './file/protocol.ts'

/** Retention as the file has it. */
export function storedRetention(retention: Retention): StoredRetention {
  const { maxEvents, maxBytes, maxAgeMs, idleMs } = resolveRetention(retention)
  return { maxEvents, maxBytes, maxAgeMs: whole(maxAgeMs), idleMs: whole(idleMs) }
}

/** Of channels that nobody has configured. */
export const defaultRetention = storedRetention({})

function whole(durationMs: number | false): number | null {
  return durationMs === false ? null : Math.ceil(durationMs)
}
