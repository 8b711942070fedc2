import type { OutgoingHttpHeaders } from 'node:http'
import { SseError } from '@rivulet/core'
import type { CollectedEvent } from './collected-event.ts'

/** What to ask for, and how much of the stream is enough. */
export interface CollectOptions {
  /**
   * Enough after so many events. Rivulet's own (`$ready`, `$gap`, `$end` …) are collected but not counted, unless
   * `countControl` says so. 0: enough once the head has arrived.
   */
  readonly count?: number | undefined
  /** Counts Rivulet's own events too. Default `false`. */
  readonly countControl?: boolean | undefined
  /** Enough after the event for which this says `true`; asked for each event, Rivulet's own among them. */
  readonly until?: ((event: CollectedEvent) => boolean) | undefined
  /** What a returning client brings: sent as `Last-Event-ID`. */
  readonly lastEventId?: string | undefined
  /** Headers of the request, over `Accept: text/event-stream` and `Cache-Control: no-cache`. `undefined` leaves one out. */
  readonly headers?: OutgoingHttpHeaders | undefined
  /** Default `GET`, with a body `POST`. */
  readonly method?: string | undefined
  /** Text and bytes go out as they are, everything else as JSON with its content type. */
  readonly body?: unknown
  /** How long to wait in all, in milliseconds. Default 4,000: less than the time-outs of Jest and Vitest, so this error comes first. */
  readonly timeoutMs?: number | undefined
}

const known: Record<keyof CollectOptions, true> = {
  count: true,
  countControl: true,
  until: true,
  lastEventId: true,
  headers: true,
  method: true,
  body: true,
  timeoutMs: true,
}

/** @throws SseError `ERR_SSE_OPTION` */
export function checkCollectOptions(options: CollectOptions): void {
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(known, key)) {
      throw refused(`there is no option ${key}; there are: ${Object.keys(known).join(', ')}`, key)
    }
  }
  const { count, until, timeoutMs } = options
  if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
    throw refused('count must be a whole number ≥ 0', count)
  }
  if (until !== undefined && typeof until !== 'function') throw refused('until must be a function', until)
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw refused('timeoutMs must be a number of milliseconds > 0', timeoutMs)
  }
}

function refused(rule: string, value: unknown): SseError {
  return new SseError('ERR_SSE_OPTION', `collect(): ${rule}, not ${String(value)}.`, { value })
}
