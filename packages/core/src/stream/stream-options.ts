import type { OutgoingHttpHeader } from 'node:http'
import { type CursorSeal, cursorSeal } from '../wire/cursor-seal.ts'
import { checkEvents, type EventCheck } from '../wire/event-check.ts'
import type { EventSchemas, EventTypes } from '../wire/event-map.ts'
import {
  checked,
  durationOrOff,
  flag,
  integer,
  type OptionChecks,
  resolveOptions,
  retryOrOff,
} from '../wire/options.ts'
import { forbiddenHeaders } from '../wire/response-headers.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { checkValidate, type ValidationMode } from './validation-mode.ts'

/** Options of one stream, given to the middleware or plugin as defaults, or to one call. `false` turns a duration off. */
export interface StreamOptions {
  /** Status of the response: 200 to 599 except those without a body. Default: the response's own (200). Browsers accept 200 only. */
  readonly status?: number | undefined
  /** Headers for the response, over those set before and over Rivulet's. Given twice, those of the call win, by name. */
  readonly headers?: Readonly<Record<string, OutgoingHttpHeader>> | undefined
  /** Reconnection time told to the client first of all, in milliseconds, jittered by ±20 % per connection. Default 3,000. */
  readonly retryMs?: number | false | undefined
  /** Silence after which a heartbeat is written, in milliseconds, jittered by ±20 % per connection. Default 15,000. */
  readonly heartbeatMs?: number | false | undefined
  /**
   * Age at which the stream is hung up so that its client moves on, in milliseconds, jittered by ±20 %. Default: 30 minutes
   * for streams with a subscription, which resume exactly; off for others.
   */
  readonly maxAgeMs?: number | false | undefined
  /** When what allowed the stream ends (a token, say): a Date or milliseconds since 1970. Default: never. */
  readonly expiresAt?: Date | number | false | undefined
  /** Closed as `stalled` when no write was completed for that long while some wait, in milliseconds. Default 30,000. */
  readonly stallMs?: number | false | undefined
  /**
   * Closed as `slow` when a direct send would make more than that wait in this process for a client that is behind, in bytes.
   * To one that is not, a single event of any size can be sent. Default 1 MiB.
   */
  readonly maxBufferedBytes?: number | undefined
  /** Closes the stream (reason `server`) when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Anything of yours: it is there as `stream.context`. */
  readonly context?: unknown
  /** Answer 406 to clients whose `Accept` refuses `text/event-stream`. Default `false`. */
  readonly negotiate?: boolean | undefined
  /**
   * Seals the ids of channels, which tell how much is published, with AES-256-GCM: one secret of at least 16 random characters,
   * or several, of which the first seals and all open. Default: ids are readable.
   */
  readonly cursorSecret?: string | readonly string[] | undefined
  /** Accept ids of `send` with any bytes but CR, LF and NUL. For migrations. Default `false`. */
  readonly unsafeIds?: boolean | undefined
  /**
   * What `send` may send: a Standard Schema of the payload for each event type, or `eventTypes<…>()`. All payloads are then JSON,
   * strings too. Default: anything.
   */
  readonly events?: EventSchemas | EventTypes<unknown> | undefined
  /** When payloads are checked against their schemas. `'development'`: unless `NODE_ENV` is `production`. Default `'always'`. */
  readonly validate?: ValidationMode | undefined
}

/** Options with every default filled in. */
export interface ResolvedStreamOptions {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, OutgoingHttpHeader>>
  readonly retryMs: number | false
  readonly heartbeatMs: number | false
  /** `undefined`: 30 minutes once there is a subscription, else off. */
  readonly maxAgeMs: number | false | undefined
  readonly expiresAt: Date | number | false
  readonly stallMs: number | false
  readonly maxBufferedBytes: number
  readonly signal: AbortSignal | undefined
  readonly context: unknown
  readonly negotiate: boolean
  readonly cursorSecret: CursorSeal | null
  readonly unsafeIds: boolean
  readonly events: EventCheck | null
  readonly validate: boolean
}

export const streamDefaults: ResolvedStreamOptions = {
  status: undefined,
  headers: {},
  retryMs: 3_000,
  heartbeatMs: 15_000,
  maxAgeMs: undefined,
  expiresAt: false,
  stallMs: 30_000,
  maxBufferedBytes: 1024 * 1024,
  signal: undefined,
  context: undefined,
  negotiate: false,
  cursorSecret: null,
  unsafeIds: false,
  events: null,
  validate: true,
}

const bodiless = [204, 205, 304]

/** @throws SseError `ERR_SSE_OPTION` for a status that no stream can have */
export const checkStatus = checked(
  'must be a status from 200 to 599 that has a body',
  (status): status is number =>
    Number.isInteger(status) &&
    Number(status) >= 200 &&
    Number(status) <= 599 &&
    !bodiless.includes(Number(status)),
)

export const streamOptionChecks: OptionChecks<ResolvedStreamOptions> = {
  status: checkStatus,
  headers: checkHeaders,
  retryMs: retryOrOff,
  heartbeatMs: durationOrOff,
  maxAgeMs: durationOrOff,
  expiresAt: checked('must be a valid Date, milliseconds since 1970, or false for never', isTime),
  stallMs: durationOrOff,
  maxBufferedBytes: integer(1, Number.MAX_SAFE_INTEGER),
  signal: checked('must be an AbortSignal', (value): value is AbortSignal => value instanceof AbortSignal),
  context: (_name, value) => value,
  negotiate: flag,
  cursorSecret: (_name, value) => cursorSeal(value),
  unsafeIds: flag,
  events: checkEvents,
  validate: checkValidate,
}

/**
 * The options of one call over the defaults.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function resolveStreamOptions(
  defaults: ResolvedStreamOptions,
  given: StreamOptions | undefined,
): ResolvedStreamOptions {
  const resolved = resolveOptions('A stream', given, defaults, streamOptionChecks)
  if (resolved.headers === defaults.headers) return resolved
  return { ...resolved, headers: mergeHeaders(defaults.headers, resolved.headers) }
}

function mergeHeaders(
  base: ResolvedStreamOptions['headers'],
  over: ResolvedStreamOptions['headers'],
): ResolvedStreamOptions['headers'] {
  const overridden = new Set(Object.keys(over).map((name) => name.toLowerCase()))
  const kept = Object.entries(base).filter(([name]) => !overridden.has(name.toLowerCase()))
  return { ...Object.fromEntries(kept), ...over }
}

function isTime(value: unknown): value is Date | number | false {
  if (value === false) return true
  return Number.isFinite(value instanceof Date ? value.getTime() : value)
}

function checkHeaders(name: string, value: unknown): Readonly<Record<string, OutgoingHttpHeader>> {
  const isObject = (headers: unknown): headers is Record<string, unknown> =>
    typeof headers === 'object' && headers !== null && !Array.isArray(headers)
  const headers = checked('must be an object of header values', isObject)(name, value)
  const result: Record<string, OutgoingHttpHeader> = {}
  for (const [header, content] of Object.entries(headers)) {
    if (content !== undefined) result[header] = checkHeader(header, content)
  }
  return result
}

// RFC 9110 section 5.6.2 (token) and 5.5 (field value), as Node checks them when it is too late to say which option it was.
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const headerText = /^[\t\x20-\x7e\x80-\xff]*$/

function checkHeader(header: string, content: unknown): OutgoingHttpHeader {
  const lowerCase = header.toLowerCase()
  if (!headerName.test(header)) throw badHeader(`${show(header)} is no header name`, header)
  if (forbiddenHeaders.has(lowerCase))
    throw badHeader(`${header} belongs to the connection; leave it out`, header)
  const values = Array.isArray(content) ? content : [content]
  const isText = values.every(
    (one) => typeof one === 'number' || (typeof one === 'string' && headerText.test(one)),
  )
  if (!isText) throw badHeader(`${header} must be text without line breaks, not ${show(content)}`, content)
  if (lowerCase === 'content-type' && !/^text\/event-stream\s*(;|$)/i.test(String(content))) {
    throw badHeader(`Content-Type must stay text/event-stream, not ${show(content)}`, content)
  }
  return content as OutgoingHttpHeader // strings and numbers, one or several: checked above
}

function badHeader(what: string, value: unknown): SseError {
  return new SseError('ERR_SSE_OPTION', `A stream: headers: ${what}.`, { value })
}
