import type { PerConnection, ResolvedConnectOptions } from './connect-options.ts'

/** Makes fetch send Cache-Control: no-cache, which as a header of ours would cost a CORS preflight. Node's types don't have it. */
const uncached = { cache: 'no-store' }

/** What one connection is asked for with. */
export async function makeRequest(
  { headers, method, body, credentials }: ResolvedConnectOptions,
  lastEventId: string,
  signal: AbortSignal,
): Promise<RequestInit> {
  const own = new Headers((await resolveValue(headers)) as Headers | undefined) // a list of pairs may be readonly here
  const content = await resolveValue(body)
  if (!own.has('accept')) own.set('Accept', 'text/event-stream')
  if (lastEventId !== '') own.set('Last-Event-ID', asBytes(lastEventId))
  return {
    method: method ?? (content === undefined || content === null ? 'GET' : 'POST'),
    headers: own,
    ...uncached,
    ...(credentials === undefined ? {} : { credentials }),
    signal,
    ...(content === undefined ? {} : { body: content }),
    ...(isStream(content) ? { duplex: 'half' } : {}),
  }
}

function resolveValue<T>(value: PerConnection<T>): T | Promise<T> {
  return typeof value === 'function' ? (value as () => T | Promise<T>)() : value
}

/** A header's value is bytes; an id is UTF-8. */
function asBytes(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}

function isStream(body: unknown): boolean {
  return 'getReader' in Object(body)
}
