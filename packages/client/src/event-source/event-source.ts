import type { ClientError } from '../client-error.ts'
import { absolute } from '../connect/connect.ts'
import { type ConnectOptions, resolveConnectOptions } from '../connect/connect-options.ts'
import type { Connection, ConnectionState } from '../connect/connection.ts'
import { StreamConnection } from '../connect/stream-connection.ts'
import { webFetch } from '../connect/web-fetch.ts'
import type { EventSourceLike } from './event-source-like.ts'
import { HandlerAttributes } from './handler-attributes.ts'

/** The standard's, and what else the request may need: as for `connect`. */
export interface EventSourceOptions
  extends Pick<
    ConnectOptions,
    | 'body'
    | 'fetch'
    | 'headers'
    | 'lastEventId'
    | 'maxEventLength'
    | 'maxRetryMs'
    | 'method'
    | 'retryMs'
    | 'store'
    | 'storeKey'
  > {
  /** Whether cookies go to other origins too. Default `false`. */
  readonly withCredentials?: boolean | undefined
  /**
   * Silence after which the connection counts as dead and is made anew, in milliseconds. Default `false`, never: servers of others need
   * not have heartbeats.
   */
  readonly silenceMs?: number | false | undefined
}

const readyStates = { connecting: 0, open: 1, closed: 2 } as const

/**
 * A drop-in for `new EventSource(url)`, with headers, POST and a silence limit. It differs from a browser's own where that gives up
 * and need not: after 5xx, error pages and other passing answers it tries again.
 *
 * @throws DOMException `SyntaxError` for what is no URL, as the standard says
 * @throws ClientError `ERR_SSE_CLIENT_OPTION`
 */
export function createEventSource(url: string | URL, options: EventSourceOptions = {}): EventSourceLike {
  try {
    absolute(url)
  } catch (error) {
    throw new DOMException(String(error), 'SyntaxError')
  }
  // Its listeners are told events of their types alone, which EventTarget's types don't say.
  return new FetchEventSource(url, options) as unknown as EventSourceLike
}

type Handler<Name extends 'onopen' | 'onmessage' | 'onerror'> = EventSourceLike[Name]

class FetchEventSource extends EventTarget {
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSED = 2
  readonly withCredentials: boolean
  readonly #handlers = new HandlerAttributes(this)
  readonly #connection: Connection
  #origin = ''
  #isClosing = false

  constructor(
    url: string | URL,
    { withCredentials = false, silenceMs = false, fetch = webFetch, ...options }: EventSourceOptions,
  ) {
    super()
    this.withCredentials = withCredentials
    const resolved = resolveConnectOptions({
      ...options,
      silenceMs,
      credentials: withCredentials ? 'include' : 'same-origin',
      fetch: async (target, init) => {
        const response = await fetch(target, init)
        // Where redirections have led to. Responses that a program has made have none.
        this.#origin = new URL(response.url === '' ? target : response.url).origin
        return response
      },
    })
    this.#connection = new StreamConnection(absolute(url), { ...resolved, parse: (data) => data })
    this.#connection.onState((state, error) => this.#changed(state, error))
    this.#connection.onEvent(({ event, data, lastEventId }) => {
      const origin = this.#origin
      this.dispatchEvent(new MessageEvent(event, { data: String(data), lastEventId, origin }))
    })
  }

  get url(): string {
    return this.#connection.url
  }

  get readyState(): 0 | 1 | 2 {
    return readyStates[this.#connection.state]
  }

  get onopen(): Handler<'onopen'> {
    return this.#handlers.get('open')
  }

  set onopen(handler: Handler<'onopen'>) {
    this.#handlers.set('open', handler)
  }

  get onmessage(): Handler<'onmessage'> {
    return this.#handlers.get('message')
  }

  set onmessage(handler: Handler<'onmessage'>) {
    this.#handlers.set('message', handler)
  }

  get onerror(): Handler<'onerror'> {
    return this.#handlers.get('error')
  }

  set onerror(handler: Handler<'onerror'>) {
    this.#handlers.set('error', handler)
  }

  close(): void {
    this.#isClosing = true
    this.#connection.close()
  }

  #changed(state: ConnectionState, error: ClientError | undefined): void {
    if (state === 'open') this.dispatchEvent(new Event('open'))
    else if (!this.#isClosing) this.dispatchEvent(Object.assign(new Event('error'), { error }))
  }
}
