import { ClientError } from '../client-error.ts'

/** What a response means for a client. */
export type ResponseVerdict =
  | { readonly kind: 'stream'; readonly body: ReadableStream<Uint8Array> }
  /** The stream is over for good, and in order. */
  | { readonly kind: 'finished' }
  /** Another try may do better, after so long at least. */
  | { readonly kind: 'retry'; readonly error: ClientError; readonly afterMs: number }
  /** No other try will do better. */
  | { readonly kind: 'final'; readonly error: ClientError }

const eventStream = /^text\/event-stream\s*(?:;|$)/i
/** RFC 9110 and 6585: too slow, too early, too many. */
const passing = new Set([408, 425, 429])
const msPerSecond = 1_000

/**
 * Judges a response.
 *
 * @param canAuthorize Whether the next request may bring another token.
 */
export function judgeResponse(response: Response, canAuthorize: boolean): ResponseVerdict {
  const { status, headers, body } = response
  if (status === 204) return { kind: 'finished' }
  const type = headers.get('content-type') ?? ''
  if (status === 200 && eventStream.test(type) && body !== null) return { kind: 'stream', body }
  const said = status === 200 ? `200 with ${type === '' ? 'no content type' : type}` : String(status)
  const error = new ClientError(
    'ERR_SSE_CLIENT_RESPONSE',
    `The server answered ${said} where an event stream was asked for.`,
    { status },
  )
  // A page where a stream should be comes from something on the way: a portal, a proxy whose server is being replaced.
  const mayHeal =
    status === 200 ||
    status >= 500 ||
    passing.has(status) ||
    ((status === 401 || status === 403) && canAuthorize)
  if (!mayHeal) return { kind: 'final', error }
  return { kind: 'retry', error, afterMs: retryAfterMs(headers.get('retry-after')) }
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterMs(value: string | null): number {
  if (value === null) return 0
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * msPerSecond : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}
