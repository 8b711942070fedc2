/**
 * Every code that Rivulet's core can give an error. Each is an anchor in `docs/errors.md`.
 *
 * Engines add their own, which begin with `ERR_SSE_LOG_`.
 */
export type SseErrorCode =
  | 'ERR_SSE_ALREADY_OPEN'
  | 'ERR_SSE_CHANNEL'
  | 'ERR_SSE_CHANNEL_CLOSED'
  | 'ERR_SSE_CHANNEL_ENDED'
  | 'ERR_SSE_CHANNEL_LIMIT'
  | 'ERR_SSE_COMMENT'
  | 'ERR_SSE_DATA'
  | 'ERR_SSE_EVENT'
  | 'ERR_SSE_EVENT_RESERVED'
  | 'ERR_SSE_EVENT_TOO_LARGE'
  | 'ERR_SSE_HEADERS_SENT'
  | 'ERR_SSE_ID'
  | 'ERR_SSE_JSON_SCHEMA'
  | 'ERR_SSE_OPTION'
  | 'ERR_SSE_PENDING_LIMIT'
  | 'ERR_SSE_RETRY'
  | 'ERR_SSE_SCHEMA'
  | 'ERR_SSE_SOURCE'
  | 'ERR_SSE_TIMEOUT'
  | 'ERR_SSE_TOPICS'
  | `ERR_SSE_LOG_${string}`

/** What an error may carry beside its message. */
export interface SseErrorDetails {
  /** The value that was refused, as it was given. */
  readonly value?: unknown
  /** The error underneath, where there is one. */
  readonly cause?: unknown
}

/**
 * The one error class of Rivulet.
 *
 * The message says what happened, shows the value (shortened) and what to do instead; the `code` is stable
 * and is what programs should look at. Never sent to a client.
 */
export class SseError extends Error {
  readonly code: SseErrorCode
  /** The value that was refused, as it was given; `undefined` where the error is about no value. */
  readonly value: unknown

  constructor(code: SseErrorCode, message: string, details: SseErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'SseError'
    this.code = code
    this.value = details.value
  }
}

const maxShownCharacters = 80

/** A value as an error message shows it: strings quoted and escaped, at most 80 characters. */
export function show(value: unknown): string {
  const text = asText(value)
  return text.length > maxShownCharacters
    ? `${text.slice(0, maxShownCharacters)}… (${text.length} characters)`
    : text
}

function asText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `[function ${value.name || 'anonymous'}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const kind = Object.prototype.toString.call(value)
  try {
    const json = JSON.stringify(value) ?? kind
    // What a Promise or a Map holds is not in its JSON.
    return json === '{}' && kind !== '[object Object]' ? kind : json
  } catch {
    // A cycle, a bigint inside or a getter that throws: the kind of object says enough.
    return kind
  }
}
