/** Ids from clients are cut to this many bytes. No id of ours is that long: what is left resumes nothing, and is told so. */
export const maxLastEventIdBytes = 1024

/**
 * The id that a client brings back: from the header `Last-Event-ID`, else from the query's `lastEventId` (page loads
 * and polyfills cannot set headers), else `null`. Untrusted text, cut to 1,024 bytes; never throws.
 *
 * Header values reach Node as Latin-1 while clients send UTF-8, so they are decoded here.
 *
 * @param url The request target as Node gives it; only its query is looked at, never the Host header.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export function readLastEventId(
  header: string | readonly string[] | undefined,
  url: string | undefined,
): string | null {
  return fromHeader(header) ?? fromQuery(url)
}

function fromHeader(header: string | readonly string[] | undefined): string | null {
  const value = typeof header === 'string' ? header : header?.[0]
  if (value === undefined) return null
  return bounded(Buffer.from(value, 'latin1').toString('utf8'))
}

function fromQuery(url: string | undefined): string | null {
  const start = url?.indexOf('?') ?? -1
  if (url === undefined || start === -1) return null
  return bounded(new URLSearchParams(url.slice(start + 1)).get('lastEventId') ?? '')
}

function bounded(id: string): string | null {
  const trimmed = id.trim()
  if (trimmed === '') return null
  if (Buffer.byteLength(trimmed) <= maxLastEventIdBytes) return trimmed
  return new TextDecoder().decode(Buffer.from(trimmed).subarray(0, maxLastEventIdBytes), { stream: true })
}
