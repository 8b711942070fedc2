import type { AnyEvents } from '@rivulet/core'
import { ClientError } from '../client-error.ts'
import { type ConnectOptions, resolveConnectOptions } from './connect-options.ts'
import type { Connection } from './connection.ts'
import { StreamConnection } from './stream-connection.ts'

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
  const connection = new StreamConnection(absolute(url), resolveConnectOptions(options))
  return connection as unknown as Connection<Events> // what the server sends under a type is the caller's word
}

function absolute(url: string | URL): string {
  const { location } = globalThis as { location?: { href: string } }
  try {
    return new URL(url, location?.href).href
  } catch (cause) {
    throw new ClientError('ERR_SSE_CLIENT_OPTION', `No URL: ${String(url)}`, { cause })
  }
}
