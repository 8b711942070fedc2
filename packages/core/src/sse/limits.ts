import type { StreamRequest } from '../sink/sink.ts'
import { callback, checked, integerOrOff, type OptionChecks, resolveOptions } from '../wire/options.ts'
import { SseError } from '../wire/sse-error.ts'
import { comeBack, type Refusal, unavailable } from './refusal.ts'
import { type RetryRange, retryRange, retryWithin } from './retry-range.ts'

/**
 * How many streams there may be. Who comes too many is refused; nobody who is there is hung up.
 *
 * @typeParam Request What `key` gets: the framework's own request.
 */
export interface Limits<Request = StreamRequest> {
  /** Streams open at the same time in this process. Default `false`: no limit. */
  readonly maxStreams?: number | false | undefined
  /** Streams open at the same time with the same key. Default `false`: no limit. Needs `key`. */
  readonly maxStreamsPerKey?: number | false | undefined
  /**
   * Whose a request is: a user's id, an address behind your proxy. `undefined` and `null`: nobody's, which `maxStreamsPerKey`
   * does not limit. Called for each request that would get a stream; what it throws is thrown by `res.sse()`.
   */
  key?(request: Request): string | null | undefined
  /**
   * How they are refused.
   *
   * - `'retry'` (default): with a stream that only says when to come back, which an EventSource does.
   * - `'status'`: with 503 and `Retry-After`, for clients that are programmed. An EventSource takes it as final.
   */
  readonly onLimit?: 'retry' | 'status' | undefined
  /** Bounds of the time after which they are to come back, in milliseconds, at random between. Default `[30_000, 90_000]`. */
  readonly retryMs?: RetryRange | undefined
}

export interface ResolvedLimits {
  readonly maxStreams: number | false
  readonly maxStreamsPerKey: number | false
  readonly key: ((request: StreamRequest) => string | null | undefined) | undefined
  readonly onLimit: 'retry' | 'status'
  readonly retryMs: RetryRange
}

const defaults: ResolvedLimits = {
  maxStreams: false,
  maxStreamsPerKey: false,
  key: undefined,
  onLimit: 'retry',
  retryMs: [30_000, 90_000],
}

const checks: OptionChecks<ResolvedLimits> = {
  maxStreams: integerOrOff(1, Number.MAX_SAFE_INTEGER),
  maxStreamsPerKey: integerOrOff(1, Number.MAX_SAFE_INTEGER),
  key: callback,
  onLimit: checked(
    "must be 'retry' or 'status'",
    (value): value is 'retry' | 'status' => value === 'retry' || value === 'status',
  ),
  retryMs: retryRange,
}

/** @throws SseError `ERR_SSE_OPTION` */
export function resolveLimits(name: string, limits: unknown): ResolvedLimits {
  const resolved = resolveOptions(name, limits, defaults, checks)
  if (resolved.maxStreamsPerKey !== false && resolved.key === undefined) {
    throw new SseError(
      'ERR_SSE_OPTION',
      `${name}: maxStreamsPerKey needs key(request), which says whose a request is.`,
      { value: limits },
    )
  }
  return resolved
}

/** Counts streams against the limits. */
export class StreamCounter {
  readonly #limits: ResolvedLimits
  /** Open streams per key; no key stands at 0. */
  readonly #counts = new Map<string, number>()
  readonly #keys = new Map<object, string>()

  constructor(limits: ResolvedLimits) {
    this.#limits = limits
  }

  /** Whether a request would be refused for the streams that are open in all. */
  isFull(openCount: number): boolean {
    const { maxStreams } = this.#limits
    return maxStreams !== false && openCount >= maxStreams
  }

  /** The key of a request that would get a stream; `null` where keys have no limit. @throws SseError `ERR_SSE_OPTION` */
  keyOf(request: StreamRequest): string | null {
    const { maxStreamsPerKey, key } = this.#limits
    if (maxStreamsPerKey === false || key === undefined) return null
    const value: unknown = key(request) ?? null
    if (value === null || typeof value === 'string') return value
    if (isPromise(value)) value.then(undefined, () => {})
    throw new SseError('ERR_SSE_OPTION', 'limits: key(request) must give a string, undefined or null.', {
      value,
    })
  }

  refusal(openCount: number, key: string | null): Refusal | null {
    const { maxStreamsPerKey, onLimit, retryMs } = this.#limits
    const isOver =
      this.isFull(openCount) ||
      (key !== null && maxStreamsPerKey !== false && (this.#counts.get(key) ?? 0) >= maxStreamsPerKey)
    if (!isOver) return null
    const waitMs = retryWithin(retryMs)
    return onLimit === 'retry' ? comeBack('limit', waitMs) : unavailable('limit', waitMs)
  }

  opened(stream: object, key: string | null): void {
    if (key === null) return
    this.#keys.set(stream, key)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  closed(stream: object): void {
    const key = this.#keys.get(stream)
    if (key === undefined) return
    this.#keys.delete(stream)
    const count = (this.#counts.get(key) ?? 1) - 1
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
