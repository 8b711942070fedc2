import { Frame } from '../sink/frame.ts'
import { commitHead, openSink, setHeaders } from '../sink/open-sink.ts'
import type { HeaderValues, StreamRequest, StreamResponse } from '../sink/sink.ts'
import type { CloseReason } from '../stream/event-stream.ts'
import type { ResolvedStreamOptions } from '../stream/stream-options.ts'
import { acceptsEventStream } from '../wire/accept.ts'
import { encodeRetry } from '../wire/encode-event.ts'
import { finishedIdEnding } from '../wire/field.ts'

/** Why a request gets no open stream, and how it is answered. */
export interface Refusal {
  readonly reason: CloseReason
  answer(response: StreamResponse, options: ResolvedStreamOptions): void
}

/** The client has left: there is nobody to answer. */
export const gone: Refusal = { reason: 'client', answer: () => {} }

const head: Refusal = {
  reason: 'refused',
  answer(response, options) {
    commitHead(response, options.status ?? response.statusCode, options.headers)
    response.end()
  },
}

/** A standard EventSource takes 204 as the end. */
const finished: Refusal = {
  reason: 'end',
  answer(response, options) {
    setHeaders(response, options.headers)
    response.removeHeader('Content-Type')
    response.removeHeader('Content-Length')
    response.setHeader('Cache-Control', 'no-store')
    response.statusCode = 204
    response.end()
  },
}

const notAcceptable: Refusal = {
  reason: 'refused',
  answer(response, options) {
    setHeaders(response, options.headers)
    answerText(response, 406, 'This resource is an event stream: accept text/event-stream.\n')
  },
}

/** An answer that an EventSource survives: a stream that only says when to come back. */
export function comeBack(reason: CloseReason, retryMs: number): Refusal {
  return {
    reason,
    answer(response, options) {
      commitHead(response, options.status ?? response.statusCode, options.headers)
      const sink = openSink(response)
      sink.write(Frame.fromText(encodeRetry(retryMs)))
      sink.end(reason === 'shutdown')
    },
  }
}

/** An answer for clients that are programmed. */
export function unavailable(reason: CloseReason, retryMs: number): Refusal {
  return {
    reason,
    answer(response, options) {
      setHeaders(response, options.headers)
      answerText(response, 503, 'There are too many streams. Come back later.\n', {
        'Retry-After': String(Math.ceil(retryMs / 1_000)), // RFC 9110 section 10.2.3: whole seconds
      })
    },
  }
}

function answerText(
  response: StreamResponse,
  status: number,
  body: string,
  headers: HeaderValues = {},
): void {
  setHeaders(response, headers)
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.setHeader('Cache-Control', 'no-store')
  response.statusCode = status
  response.end(body)
}

/** What speaks against a stream in the request itself. */
export function refusalOf(
  request: StreamRequest,
  options: ResolvedStreamOptions,
  lastEventId: string | null,
): Refusal | null {
  if (request.method === 'HEAD') return head
  if (options.negotiate && !acceptsEventStream(request.headers.accept)) return notAcceptable
  if (lastEventId?.endsWith(finishedIdEnding) === true) return finished
  return null
}

/** Notes for caches that the answer depends on `Accept`. */
export function varyOnAccept(response: StreamResponse): void {
  const before = response.getHeader('Vary')
  const fields = before === undefined ? [] : String(before).split(/\s*,\s*/)
  if (!fields.some((field) => /^(\*|accept)$/i.test(field)))
    response.setHeader('Vary', [...fields, 'Accept'].join(', '))
}
