import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  AnyEvents,
  EventSchemas,
  EventStream,
  InputOf,
  Sse,
  StreamHandler,
  StreamOptions,
} from '@rivulet/core'

/** `res.sse`: opens a stream on this response. */
export interface OpenStream {
  /**
   * Commits status and headers at once, those set before included, and gives back the stream; always one, if need be
   * closed already (HEAD, 204, 406, draining, over a limit, the client has left).
   *
   * @throws SseError `ERR_SSE_OPTION`, `ERR_SSE_ALREADY_OPEN`, `ERR_SSE_HEADERS_SENT`
   */
  <Schemas extends EventSchemas>(
    options: StreamOptions & { readonly events: Schemas },
  ): EventStream<InputOf<Schemas>>
  <Events = AnyEvents>(options?: StreamOptions): EventStream<Events>
  /**
   * The same with a handler: its end ends the stream unless it subscribed; its error closes the stream and goes to
   * Express' error handling when the response is closed, never to the client. Not run for a stream that is born closed.
   */
  <Schemas extends EventSchemas>(
    handler: StreamHandler<InputOf<Schemas>>,
    options: StreamOptions & { readonly events: Schemas },
  ): EventStream<InputOf<Schemas>>
  <Events = AnyEvents>(handler: StreamHandler<Events>, options?: StreamOptions): EventStream<Events>
}

/** The middleware that `sse()` makes, and what concerns all of its streams. @typeParam Events Payloads by event type for `send`. */
export interface ExpressSse<Events = AnyEvents>
  extends Pick<Sse<Events>, 'streams' | 'closeWhere' | 'close' | 'health'> {
  /** Puts `sse` on the response. Typed by Node's own classes: Express' extend them, in 4 as in 5. */
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
}

declare global {
  namespace Express {
    interface Response {
      /** Opens a stream on this response. Put there by the middleware that `sse()` of `@rivulet/express` makes. */
      sse: OpenStream
    }
  }
}
