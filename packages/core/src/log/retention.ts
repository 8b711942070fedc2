import { durationOrOff, integer, type OptionChecks, resolveOptions } from '../wire/options.ts'

/** How much of a channel is kept: whichever bound is reached first. */
export interface Retention {
  /** Newest events kept. Default 10,000. */
  readonly maxEvents?: number | undefined
  /** Bytes of payload kept. Default 4 MiB. At least the newest event is always kept, until it is too old. */
  readonly maxBytes?: number | undefined
  /** Age from which events are dropped, in milliseconds. Default: none. */
  readonly maxAgeMs?: number | false | undefined
  /** Forget the whole channel after that long without publish and subscribers, in milliseconds. Default: 24 hours. */
  readonly idleMs?: number | false | undefined
}

/** Retention with every default filled in. */
export interface ResolvedRetention {
  readonly maxEvents: number
  readonly maxBytes: number
  readonly maxAgeMs: number | false
  readonly idleMs: number | false
}

export const retentionDefaults: ResolvedRetention = {
  maxEvents: 10_000,
  maxBytes: 4 * 1024 * 1024,
  maxAgeMs: false,
  idleMs: 24 * 60 * 60 * 1000,
}

const checks: OptionChecks<ResolvedRetention> = {
  maxEvents: integer(1, Number.MAX_SAFE_INTEGER),
  maxBytes: integer(1, Number.MAX_SAFE_INTEGER),
  maxAgeMs: durationOrOff,
  idleMs: durationOrOff,
}

/** @throws SseError `ERR_SSE_OPTION` */
export function resolveRetention(retention: unknown): ResolvedRetention {
  return resolveOptions('retention', retention, retentionDefaults, checks)
}
