import type { PerConnection, ResolvedConnectOptions } from './connect-options.ts'
import { unbuildable } from './unbuildable.ts'

/** What of it Node's types don't have. */
const unlisted = {
  // Makes fetch send Cache-Control: no-cache, which as a header of ours would cost a CORS preflight.
  cache: 'no-store',
  // For a body that is a stream.
  duplex: 'half',
} as const

/**
 * What one connection is asked for with.
 *
 * @throws ClientError `ERR_SSE_CLIENT_OPTION` for what can never be a request; and what `headers` and `body` throw
 */
export async function makeRequest(
  url: string,
  { headers, method, body, credentials }: ResolvedConnectOptions,
  lastEventId: string,
  signal: AbortSignal,
): Promise<RequestInit> {
  const given = await resolveValue(headers, signal)
  const content = (await resolveValue(body, signal)) ?? null
  try {
    const own = new Headers(given as Headers | undefined) // a list of pairs may be readonly here
    if (!own.has('accept')) own.set('Accept', 'text/event-stream')
    if (lastEventId !== '') own.set('Last-Event-ID', asBytes(lastEventId))
    const request = { method: method ?? (content === null ? 'GET' : 'POST'), headers: own }
    // Only to see that it can be one; the body itself may be a stream, which is used up by that.
    new Request(url, { ...request, body: content && '' })
    // `undefined` is none given: fetch's own default, which its types don't say.
    return { ...request, ...unlisted, credentials, signal, body: content } as RequestInit
  } catch (cause) {
    throw unbuildable(cause)
  }
}

function resolveValue<T>(value: PerConnection<T>, signal: AbortSignal): T | Promise<T> {
  return typeof value === 'function' ? (value as (signal: AbortSignal) => T | Promise<T>)(signal) : value
}

/** A header's value is bytes; an id is UTF-8. */
function asBytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}
