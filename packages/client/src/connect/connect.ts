import type { AnyEvents } from '@rivulet/core'
import { parseData } from '../events.ts'
import { type ConnectOptions, resolveConnectOptions } from './connect-options.ts'
import type { Connection } from './connection.ts'
import { StreamConnection } from './stream-connection.ts'
import { unbuildable } from './unbuildable.ts'

/**
 * Connects to a stream, from a browser or from Node:
 *
 * ```ts
 * for await (const { event, data } of connect<Orders>('/orders')) …
 * ```
 *
 * It survives networks that break, servers that restart, proxies' error pages and a machine that sleeps; it stops at 204, `$end`, and
 * answers that will not change (most of 4xx).
 *
 * @param url Relative to the page where there is one.
 * @typeParam Events Payloads by event type.
 * @throws ClientError `ERR_SSE_CLIENT_OPTION`
 */
export function connect<Events = AnyEvents>(
  url: string | URL,
  options: ConnectOptions = {},
): Connection<Events> {
  const resolved = resolveConnectOptions(options)
  const { parse } = resolved
  const connection = new StreamConnection(absolute(url), {
    ...resolved,
    parse: (data, event) => (event.startsWith('$') ? parseData : parse)(data, event),
  })
  return connection as unknown as Connection<Events> // what the server sends under a type is the caller's word
}

/** What pages have, workers have in part, and Node has not. */
interface PageGlobals {
  readonly document?: { readonly baseURI: string }
  readonly location?: { readonly href: string }
}

/** @throws ClientError `ERR_SSE_CLIENT_OPTION` */
export function absolute(url: string | URL): string {
  const { document, location } = globalThis as PageGlobals
  try {
    return new URL(url, document?.baseURI ?? location?.href).href
  } catch (cause) {
    throw unbuildable(cause)
  }
}
