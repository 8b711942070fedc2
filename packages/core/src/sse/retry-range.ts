import { integer } from '../wire/options.ts'
import { SseError, show } from '../wire/sse-error.ts'

/** Bounds of a reconnection time, in milliseconds. */
export type RetryRange = readonly [min: number, max: number]

const durationMs = integer(0, 2 ** 31 - 1)

/** Checks an option that is such bounds. @throws SseError `ERR_SSE_OPTION` */
export function retryRange(name: string, value: unknown): RetryRange {
  const [min, max] = Array.isArray(value) && value.length === 2 ? value : [value, value]
  const range = [durationMs(name, min), durationMs(name, max)] as const
  if (range[0] <= range[1]) return range
  throw new SseError('ERR_SSE_OPTION', `${name} must be [min, max] in milliseconds, not ${show(value)}.`, {
    value,
  })
}

/** A reconnection time within the bounds, so that clients do not come back together. */
export function retryWithin([min, max]: RetryRange): number {
  return Math.round(min + Math.random() * (max - min))
}
