import { SseError, show } from './sse-error.ts'

/**
 * Longest id in bytes that a browser sends across origins without a CORS preflight
 * ({@link https://fetch.spec.whatwg.org/#cors-safelisted-request-header}).
 */
const maxIdBytes = 128

/** Ids with this ending say that the stream is finished: a request that brings one is answered 204. */
export const finishedIdEnding = '.end'

const lineBreakOrNul = /[\r\n\0]/
const printableAsciiWithoutSpaces = /^[\x21-\x7e]*$/

/**
 * The event type as it goes on the wire, or `''` where the line can be left out (`''` and `message`
 * both mean the default type).
 *
 * @param allowReserved Rivulet's own events begin with `$`; users' must not.
 * @throws SseError `ERR_SSE_EVENT` for anything but a string without CR, LF and NUL.
 * @throws SseError `ERR_SSE_EVENT_RESERVED` for a name that begins with `$`.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function checkEventName(event: unknown, allowReserved = false): string {
  if (event === undefined) return ''
  if (typeof event !== 'string') {
    throw new SseError('ERR_SSE_EVENT', `The event type must be a string, not ${show(event)}.`, {
      value: event,
    })
  }
  if (lineBreakOrNul.test(event)) {
    throw new SseError(
      'ERR_SSE_EVENT',
      `The event type ${show(event)} has a line break or NUL in it, which would end the field. Use a fixed name and put what varies into data.`,
      { value: event },
    )
  }
  if (event.startsWith('$') && !allowReserved) {
    throw new SseError(
      'ERR_SSE_EVENT_RESERVED',
      `Event types that begin with "$" are Rivulet's own; rename ${show(event)}.`,
      { value: event },
    )
  }
  return event === 'message' ? '' : event
}

/**
 * An id as it goes on the wire.
 *
 * Other bytes than printable ASCII break clients in use (a browser cannot bring them back in a header from
 * some of them), longer ids cost a CORS preflight.
 *
 * @param unsafeIds Only CR, LF, NUL and the ending `.end` are refused: for migrations from ids that exist.
 * @throws SseError `ERR_SSE_ID`
 */
export function checkId(id: unknown, unsafeIds = false): string {
  if (typeof id === 'number') {
    if (Number.isFinite(id)) return String(id)
    throw new SseError('ERR_SSE_ID', `The id must be a finite number or a string, not ${show(id)}.`, {
      value: id,
    })
  }
  if (typeof id !== 'string') {
    throw new SseError('ERR_SSE_ID', `The id must be a string or a number, not ${show(id)}.`, { value: id })
  }
  if (unsafeIds) {
    if (lineBreakOrNul.test(id))
      throw badId(id, 'has a line break or NUL in it; clients would drop or split it')
  } else {
    if (!printableAsciiWithoutSpaces.test(id)) {
      throw badId(
        id,
        'may only have printable ASCII without spaces, or clients lose it; encode it (for example base64url)',
      )
    }
    if (id.length > maxIdBytes) {
      throw badId(id, `is longer than ${maxIdBytes} bytes; send a short key and keep the rest on the server`)
    }
  }
  if (id.endsWith(finishedIdEnding)) {
    throw badId(
      id,
      `ends in "${finishedIdEnding}", which tells a returning client that the stream is finished`,
    )
  }
  return id
}

function badId(id: string, why: string): SseError {
  return new SseError('ERR_SSE_ID', `The id ${show(id)} ${why}.`, { value: id })
}

/**
 * A reconnection time in milliseconds as it goes on the wire.
 *
 * @throws SseError `ERR_SSE_RETRY` for anything but a safe integer ≥ 0 (clients ignore other values).
 */
export function checkRetry(retry: unknown): number {
  if (typeof retry === 'number' && Number.isSafeInteger(retry) && retry >= 0) return retry
  throw new SseError(
    'ERR_SSE_RETRY',
    `retry must be a whole number of milliseconds ≥ 0, not ${show(retry)}.`,
    {
      value: retry,
    },
  )
}
