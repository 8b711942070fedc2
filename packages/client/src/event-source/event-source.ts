import type { ClientError } from '../client-error.ts'
import { connect } from '../connect/connect.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import type { Connection, ConnectionState } from '../connect/connection.ts'
import type { CursorStore } from '../connect/cursor-store.ts'

/** The standard's, and what else the request may need. */
export interface EventSourceOptions
  extends Pick<
    ConnectOptions,
    'headers' | 'method' | 'body' | 'lastEventId' | 'retryMs' | 'silenceMs' | 'maxEventLength' | 'fetch'
  > {
  /** Whether cookies go to other origins too. Default `false`. */
  readonly withCredentials?: boolean | undefined
  readonly store?: CursorStore | undefined
}

/** What is dispatched for an event of the stream: a MessageEvent. */
export interface EventSourceMessage extends Event {
  readonly data: string
  readonly lastEventId: string
  readonly origin: string
}

/**
 * The standard's interface: what `new EventSource(url)` gives.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 */
export interface EventSourceLike extends EventTarget {
  readonly url: string
  readonly withCredentials: boolean
  readonly readyState: 0 | 1 | 2
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSED: 2
  onopen: ((event: Event) => unknown) | null
  onmessage: ((event: EventSourceMessage) => unknown) | null
  /** The event is a plain one, as the standard says; its `error` beside that says why. */
  onerror: ((event: Event & { readonly error?: ClientError | undefined }) => unknown) | null
  close(): void
}

const readyStates = { connecting: 0, open: 1, closed: 2 } as const

/**
 * A drop-in for `new EventSource(url)`, with headers, POST and a silence limit. It differs from a browser's own where that gives up
 * and need not: after 5xx, error pages and other passing answers it tries again.
 *
 * @throws ClientError `ERR_SSE_CLIENT_OPTION`
 */
export function createEventSource(url: string | URL, options: EventSourceOptions = {}): EventSourceLike {
  return new FetchEventSource(url, options)
}

class FetchEventSource extends EventTarget implements EventSourceLike {
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSED = 2
  readonly withCredentials: boolean
  onopen: EventSourceLike['onopen'] = null
  onmessage: EventSourceLike['onmessage'] = null
  onerror: EventSourceLike['onerror'] = null
  readonly #connection: Connection
  readonly #origin: string
  #isClosing = false

  // Servers of others need not have heartbeats.
  constructor(
    url: string | URL,
    { withCredentials = false, silenceMs = false, ...options }: EventSourceOptions,
  ) {
    super()
    this.withCredentials = withCredentials
    this.#connection = connect(url, {
      ...options,
      silenceMs,
      parse: (data) => data,
      credentials: withCredentials ? 'include' : 'same-origin',
    })
    this.#origin = new URL(this.#connection.url).origin
    this.#connection.onState((state, error) => this.#changed(state, error))
    this.#connection.onEvent(({ event, data, lastEventId }) => {
      const message = new MessageEvent(event, { data: String(data), lastEventId, origin: this.#origin })
      this.dispatchEvent(message)
      if (event === 'message') this.onmessage?.(message)
    })
  }

  get url(): string {
    return this.#connection.url
  }

  get readyState(): 0 | 1 | 2 {
    return readyStates[this.#connection.state]
  }

  close(): void {
    this.#isClosing = true
    this.#connection.close()
  }

  #changed(state: ConnectionState, error: ClientError | undefined): void {
    if (state === 'open') {
      const event = new Event('open')
      this.dispatchEvent(event)
      this.onopen?.(event)
    } else if (!this.#isClosing) {
      const event = Object.assign(new Event('error'), { error })
      this.dispatchEvent(event)
      this.onerror?.(event)
    }
  }
}
