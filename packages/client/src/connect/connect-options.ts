import { ClientError } from '../client-error.ts'
import { parseData } from '../events.ts'
import { defaultMaxEventLength } from '../parse/block-parser.ts'
import type { CursorStore } from './cursor-store.ts'
import { webFetch } from './web-fetch.ts'

/**
 * A value, or a function that gives it, or a promise of it, anew for each connection. The signal aborts when its answer is of no use
 * any more: the connection was closed, or it took longer than `silenceMs`.
 */
export type PerConnection<T> = T | ((signal: AbortSignal) => T | Promise<T>)

/** Names and values of headers. */
export type ClientHeaders =
  | Readonly<Record<string, string>>
  | Headers
  | readonly (readonly [string, string])[]

/** What of `fetch` is used. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

export interface ConnectOptions {
  /** Of the request. A function is asked again for each connection: refresh tokens there. */
  readonly headers?: PerConnection<ClientHeaders> | undefined
  /** Default GET; POST where there is a `body`. */
  readonly method?: string | undefined
  /** Sent again with each connection: text, bytes, a form; a stream only from a function. */
  readonly body?: PerConnection<RequestInit['body']> | undefined
  /** Whether cookies go along: as for `fetch`. Default `'same-origin'`. */
  readonly credentials?: RequestInit['credentials'] | undefined
  /** Closes the connection when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Where to begin: what an earlier connection had as its `lastEventId`. Default: what `store` has, else nothing. */
  readonly lastEventId?: string | undefined
  /** Keeps the last event id over a reload of the page: `sessionStorage`, say, or anything with `getItem` and `setItem`. */
  readonly store?: CursorStore | undefined
  /** Under which key. Default: `rivulet:` and the URL. */
  readonly storeKey?: string | undefined
  /** Time until the next try before the server has said one, in milliseconds. Default 3,000. */
  readonly retryMs?: number | undefined
  /** Longest time that failures can make of it, in milliseconds. Default 60,000. */
  readonly maxRetryMs?: number | undefined
  /**
   * Silence after which the connection counts as dead and is made anew, in milliseconds: longer than the server's heartbeat. It is also
   * how long `headers`, `body` and the server's answer may take. `false`: no limit. Default 45,000, three of Rivulet's heartbeats.
   */
  readonly silenceMs?: number | false | undefined
  /**
   * Makes of a payload's text what events carry as `data`. Default: JSON as what it says, else the text. Events whose type begins with
   * `$` are Rivulet's own JSON, and not asked about.
   */
  readonly parse?: ((data: string, event: string) => unknown) | undefined
  /** Longest event with its field names, in UTF-16 units. Default 16 Mi. */
  readonly maxEventLength?: number | undefined
  /** Events that may wait for a loop that takes them one by one, before reading stops. Default 64. */
  readonly highWaterMark?: number | undefined
  /** Default: the global `fetch`. */
  readonly fetch?: FetchLike | undefined
}

export interface ResolvedConnectOptions extends ConnectOptions {
  readonly retryMs: number
  readonly maxRetryMs: number
  readonly silenceMs: number | false
  readonly maxEventLength: number
  readonly highWaterMark: number
  readonly parse: (data: string, event: string) => unknown
  readonly fetch: FetchLike
}

const defaults: ResolvedConnectOptions & Record<keyof ConnectOptions, unknown> = {
  headers: undefined,
  method: undefined,
  body: undefined,
  credentials: undefined,
  signal: undefined,
  lastEventId: undefined,
  store: undefined,
  storeKey: undefined,
  retryMs: 3_000,
  maxRetryMs: 60_000,
  silenceMs: 45_000,
  parse: parseData,
  maxEventLength: defaultMaxEventLength,
  highWaterMark: 64,
  fetch: webFetch,
}

const minimums = { retryMs: 0, maxRetryMs: 0, silenceMs: 1, maxEventLength: 1, highWaterMark: 1 }

type Minimum = keyof typeof minimums

/** @throws ClientError `ERR_SSE_CLIENT_OPTION` for what is no option, and for numbers out of range */
export function resolveConnectOptions(options: ConnectOptions): ResolvedConnectOptions {
  const given = Object.entries(options).filter(([name, value]) => {
    if (value === undefined) return false
    const isPossible =
      name in defaults &&
      (!(name in minimums) || value >= minimums[name as Minimum] || (name === 'silenceMs' && value === false))
    if (!isPossible) throw new ClientError('ERR_SSE_CLIENT_OPTION', `There is no ${name}: ${value}.`)
    return true
  })
  return { ...defaults, ...Object.fromEntries(given) }
}
