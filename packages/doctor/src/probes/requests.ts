import type { ResolvedOptions } from '../options.ts'
import { acceptedCodings } from '../transport/decoder.ts'
import type { Request } from '../transport/message.ts'

/** The request that a browser's `EventSource` would make, or `fetch` where a method or a body is asked for. */
export function streamRequest(url: URL, options: ResolvedOptions): Request {
  const { method, body, lastEventId, origin, headers } = options
  return {
    url,
    method,
    body,
    headers: {
      accept: 'text/event-stream',
      'accept-encoding': acceptedCodings,
      'cache-control': 'no-cache',
      'user-agent': 'rivulet-doctor',
      ...(origin === undefined ? {} : { origin }),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      ...(body === undefined ? {} : { 'content-type': bodyType(body) }),
      ...headers,
    },
  }
}

function bodyType(body: string): string {
  try {
    JSON.parse(body)
    return 'application/json'
  } catch {
    return 'text/plain;charset=UTF-8'
  }
}

/** Whether the request may be made again without doing anything. */
export function isRepeatable({ method }: ResolvedOptions): boolean {
  return method === 'GET'
}

/** What nobody needs to ask for: simple headers, and those that browsers set by themselves. */
const unaskedHeaders = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-language',
  'cookie',
  'origin',
  'referer',
  'user-agent',
])

/** The preflight that a browser makes before the request, or `null` where it makes none. */
export function preflightRequest(request: Request, options: ResolvedOptions): Request | null {
  if (options.origin === undefined) return null
  const names = Object.keys(options.headers).filter((name) => !unaskedHeaders.has(name))
  if (request.headers['content-type'] === 'application/json') names.push('content-type')
  if (names.length === 0 && (request.method === 'GET' || request.method === 'POST')) return null
  return {
    url: request.url,
    method: 'OPTIONS',
    body: undefined,
    headers: {
      accept: '*/*',
      'user-agent': 'rivulet-doctor',
      origin: options.origin,
      'access-control-request-method': request.method,
      ...(names.length === 0 ? {} : { 'access-control-request-headers': names.sort().join(',') }),
    },
  }
}
