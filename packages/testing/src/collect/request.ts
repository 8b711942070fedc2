import type { OutgoingHttpHeaders } from 'node:http'
import type { CollectOptions } from './collect-options.ts'
import type { ExchangeRequest } from './exchange.ts'

/** What of the options makes the request. */
export type RequestOptions = Pick<CollectOptions, 'lastEventId' | 'headers' | 'method' | 'body'>

/** The request that a client sends for a stream. */
export function requestOf(path: string, options: RequestOptions): ExchangeRequest {
  const { body, contentType } = encodeBody(options.body)
  const headers: OutgoingHttpHeaders = { accept: 'text/event-stream', 'cache-control': 'no-cache' }
  if (contentType !== undefined) headers['content-type'] = contentType
  if (options.lastEventId !== undefined) {
    // Clients send UTF-8, Node writes the characters of a header as single bytes.
    headers['last-event-id'] = Buffer.from(options.lastEventId, 'utf8').toString('latin1')
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    const key = name.toLowerCase()
    if (value === undefined) delete headers[key]
    else headers[key] = value
  }
  return { method: options.method ?? (body === undefined ? 'GET' : 'POST'), path, headers, body }
}

function encodeBody(body: unknown): { body: string | Uint8Array | undefined; contentType?: string } {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return { body }
  return { body: JSON.stringify(body), contentType: 'application/json' }
}
