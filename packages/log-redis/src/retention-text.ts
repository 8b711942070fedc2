import { type Retention, resolveRetention } from '@rivulet/core'

/** Retention as the scripts take it: four numbers, the last two empty for off. */
export function encodeRetention(retention: Retention): string {
  const { maxEvents, maxBytes, maxAgeMs, idleMs } = resolveRetention(retention)
  return [maxEvents, maxBytes, whole(maxAgeMs), whole(idleMs)].join(',')
}

/** Of channels that nobody has configured. */
export const defaultRetention = encodeRetention({})

function whole(durationMs: number | false): string {
  return durationMs === false ? '' : String(Math.ceil(durationMs))
}
