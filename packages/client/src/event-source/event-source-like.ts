import type { ClientError } from '../client-error.ts'

/** What is dispatched for an event of the stream: a MessageEvent. */
export interface EventSourceMessage extends Event {
  readonly data: string
  readonly lastEventId: string
  readonly origin: string
}

/** A plain event, as the standard says; its `error` beside that says why. */
export interface EventSourceError extends Event {
  readonly error?: ClientError | undefined
}

/** Events by type; all others are messages. */
interface EventSourceEvents {
  open: Event
  message: EventSourceMessage
  error: EventSourceError
}

interface ListenerOptions {
  readonly capture?: boolean
  readonly once?: boolean
  readonly passive?: boolean
}

/** As functions, and as objects with `handleEvent`. */
type Listener<Dispatched> =
  | ((event: Dispatched) => unknown)
  | { handleEvent(event: Dispatched): unknown }
  | null

/**
 * The standard's interface: what `new EventSource(url)` gives. It can be handed to whatever takes an `EventSource`.
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
  onerror: ((event: EventSourceError) => unknown) | null
  addEventListener<Type extends keyof EventSourceEvents>(
    type: Type,
    listener: Listener<EventSourceEvents[Type]>,
    options?: boolean | (ListenerOptions & { readonly signal?: AbortSignal }),
  ): void
  addEventListener(
    type: string,
    listener: Listener<EventSourceMessage>,
    options?: boolean | (ListenerOptions & { readonly signal?: AbortSignal }),
  ): void
  removeEventListener<Type extends keyof EventSourceEvents>(
    type: Type,
    listener: Listener<EventSourceEvents[Type]>,
    options?: boolean | ListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: Listener<EventSourceMessage>,
    options?: boolean | ListenerOptions,
  ): void
  close(): void
}
