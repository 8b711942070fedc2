import { ClientError } from '../client-error.ts'

/** What a response means for a client. */
export type ResponseVerdict =
  | { readonly reason: 'stream'; readonly body: ReadableStream<Uint8Array> }
  /** The stream is over for good, and in order. */
  | { readonly reason: 'end' }
  /** Another try may do better, after so long at least. */
  | { readonly reason: 'retry'; readonly error: ClientError; readonly afterMs: number }
  /** No other try will do better. */
  | { readonly reason: 'failed'; readonly error: ClientError }

/** Comes from something on the way where a stream should be: a portal, a proxy whose server is being replaced. */
const page = /^text\/html/i
const eventStream = /^text\/event-stream\s*(?:;|$)/i
/** RFC 9110 and 6585: too slow, too early, too many. */
const passing = [408, 425, 429]

/**
 * Judges a response.
 *
 * @param canAuthorize Whether the next request may bring another token.
 */
export function judgeResponse(response: Response, canAuthorize: boolean): ResponseVerdict {
  const { status, headers, body } = response
  if (status === 204) return { reason: 'end' }
  const type = headers.get('content-type') ?? ''
  if (status === 200 && eventStream.test(type) && body !== null) return { reason: 'stream', body }
  const error = new ClientError('ERR_SSE_CLIENT_RESPONSE', `The answer is ${status} (${type}).`, { status })
  const mayHeal =
    (status === 200 && page.test(type)) ||
    status >= 500 ||
    passing.includes(status) ||
    ((status === 401 || status === 403) && canAuthorize)
  if (!mayHeal) return { reason: 'failed', error }
  return { reason: 'retry', error, afterMs: retryAfterMs(headers.get('retry-after')) }
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterMs(value: string | null): number {
  if (value === null) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Math.max(0, ms) || 0
}
