import { checkEventName, checkId, checkRetry } from './field.ts'
import { SseError, show } from './sse-error.ts'

/** One event as a user gives it. */
export interface EventFields {
  /** The event type that listeners name. Left out, `''` and `'message'` are the default type. */
  readonly event?: string | undefined
  /**
   * The payload: strings go out as they are (line breaks of all kinds become LF at the client), everything else
   * as JSON. `undefined`, functions, symbols and binary data are refused.
   */
  readonly data: unknown
  /**
   * What the client brings back as `Last-Event-ID`: printable ASCII without spaces, at most 128 bytes.
   * `''` tells the client to forget its last id.
   */
  readonly id?: string | number | undefined
  /** Reconnection time for the client from now on, in whole milliseconds ≥ 0. */
  readonly retry?: number | undefined
}

/** How events are encoded. */
export interface EncodeOptions {
  /** Accept ids with any bytes but CR, LF and NUL. Default `false`. */
  readonly unsafeIds?: boolean
  /** Accept event types that begin with `$`: only Rivulet itself sets it. Default `false`. */
  readonly allowReserved?: boolean
  /** Encode strings as JSON too. Default `false`. */
  readonly json?: boolean
}

const lineBreaks = /\r\n|\r|\n/g
const lineBreak = /[\r\n]/
const lineSeparators = /[\u2028\u2029]/g
const lineSeparator = /[\u2028\u2029]/

/**
 * One event as its block: lines ended by LF and a blank line at the end.
 *
 * The id comes first, so that a block without its first line is the same event without id.
 *
 * @throws SseError `ERR_SSE_EVENT`, `ERR_SSE_EVENT_RESERVED`, `ERR_SSE_ID`, `ERR_SSE_RETRY`, `ERR_SSE_DATA`
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function encodeEvent(fields: EventFields, options: EncodeOptions = {}): string {
  if (typeof fields !== 'object' || fields === null) {
    throw new SseError('ERR_SSE_DATA', `An event is an object such as { data: … }, not ${show(fields)}.`, {
      value: fields,
    })
  }
  let block = ''
  if (fields.id !== undefined) block = encodeId(checkId(fields.id, options.unsafeIds))
  const event = checkEventName(fields.event, options.allowReserved)
  if (event !== '') block += `event: ${event}\n`
  if (fields.retry !== undefined) block += `retry: ${checkRetry(fields.retry)}\n`
  return `${block}${encodeData(serialize(fields.data, options.json))}\n`
}

/** The id line of a block. An empty id resets the client's and is written without a value. */
export function encodeId(id: string): string {
  return id === '' ? 'id:\n' : `id: ${id}\n`
}

/** Text as `data: ` lines: one per line of the text, whichever of CRLF, CR and LF ends it. */
function encodeData(text: string): string {
  return lineBreak.test(text) ? `data: ${text.replace(lineBreaks, '\ndata: ')}\n` : `data: ${text}\n`
}

/**
 * The text that stands for a payload: strings as they are unless `json` is set, everything else as JSON on one line,
 * with U+2028 and U+2029 escaped (some clients break lines there).
 *
 * @throws SseError `ERR_SSE_DATA` where there is no such text: `undefined`, functions, symbols, cycles, bigint, binary data.
 */
export function serialize(data: unknown, json = false): string {
  if (typeof data === 'string' && !json) return data
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) {
    throw new SseError('ERR_SSE_DATA', 'data is binary, and SSE is text: send it as a base64 string.', {
      value: data,
    })
  }
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    throw new SseError(
      'ERR_SSE_DATA',
      `data cannot be written as JSON: ${cause instanceof Error ? cause.message : show(cause)}`,
      { value: data, cause },
    )
  }
  if (text === undefined) {
    throw new SseError(
      'ERR_SSE_DATA',
      `data is ${show(data)}, which has no JSON form; send null or an empty string to say "nothing".`,
      { value: data },
    )
  }
  if (text === '{}' && isPromise(data)) {
    throw new SseError('ERR_SSE_DATA', 'data is a promise: await it before it is sent.', { value: data })
  }
  return lineSeparator.test(text) ? text.replace(lineSeparators, escapeSeparator) : text
}

function isPromise(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'then' in data && typeof data.then === 'function'
}

function escapeSeparator(character: string): string {
  return character === '\u2028' ? '\\u2028' : '\\u2029'
}

/** A reconnection hint as a block of its own: it changes the client's reconnection time and dispatches nothing. */
export function encodeRetry(retryMs: number): string {
  return `retry: ${checkRetry(retryMs)}\n\n`
}

/**
 * A comment block: ignored by clients, seen by whoever reads the wire.
 *
 * @throws SseError `ERR_SSE_COMMENT` for anything but a string.
 */
export function encodeComment(text: string): string {
  if (typeof text !== 'string') {
    throw new SseError('ERR_SSE_COMMENT', `A comment is a string, not ${show(text)}.`, { value: text })
  }
  return lineBreak.test(text) ? `: ${text.replace(lineBreaks, '\n: ')}\n\n` : `: ${text}\n\n`
}
