import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AnyEvents,
  createSse,
  type EventSchemas,
  type EventStream,
  type InputOf,
  type SseOptions,
  type StreamHandler,
  type StreamOptions,
  type StreamRequest,
} from '@rivulet/core'
import type { ExpressSse, OpenStream } from './express-sse.ts'
import { StreamErrors } from './stream-errors.ts'
import { type ExpressApp, watchApp } from './watch-app.ts'

interface ResponseWithSse extends ServerResponse {
  sse?: OpenStream
}

interface ExpressRequest extends IncomingMessage {
  readonly app?: ExpressApp
}

/** Express' request as options see it, without depending on its types: with what middleware and applications have declared. */
type SseRequest = IncomingMessage & Express.Request & { readonly ip?: string | undefined }

/**
 * Makes the middleware that gives responses `res.sse()`. The options are the defaults of its streams.
 *
 * It has to come before the routes that use it, and costs requests that don't next to nothing. One is enough for an
 * application; several, on different routers, are independent of each other.
 *
 * Errors of handlers close their stream and go to Express' error handling when the response is closed, unless there is an
 * `onError`, which gets those of the form with a handler.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function sse<Schemas extends EventSchemas>(
  options: SseOptions<SseRequest> & { readonly events: Schemas },
): ExpressSse<InputOf<Schemas>>
export function sse<Events = AnyEvents>(options?: SseOptions<SseRequest>): ExpressSse<Events>
export function sse(options?: SseOptions<SseRequest>): ExpressSse
export function sse(options?: SseOptions<SseRequest>): ExpressSse {
  const events = createSse({
    // Its requests are those of Express, which Node's own stand for in core.
    ...(options as SseOptions),
    onError:
      options?.onError ??
      ((error, { request, response }) =>
        StreamErrors.of(response).passReported(error, () => raise(error, request))),
  })

  function openHere(
    this: ServerResponse,
    handlerOrOptions?: StreamHandler | StreamOptions,
    streamOptions?: StreamOptions,
  ): EventStream {
    StreamErrors.of(this).streamOpens(events.fail)
    return events.open(this.req, this, handlerOrOptions, streamOptions)
  }

  /** The application of the last request: nearly always the next one's, too. */
  let lastApp: ExpressApp | undefined
  function middleware(request: ExpressRequest, response: ResponseWithSse, next: () => void): void {
    const { app } = request
    if (app !== undefined && app !== lastApp) {
      watchApp(app)
      offer(app)
      lastApp = app
    }
    // Another `sse()` may have been there first, here or on the prototype: the last one counts.
    if (response.sse !== openHere) response.sse = openHere
    next()
  }
  /**
   * Puts `res.sse()` where all responses of an application find it, if no other `sse()` has. A property on each response is what
   * Express on Node 20 and 22 takes longest for.
   *
   * Not in an application within another one: a response has its prototype only while it is in there, and has to keep its `sse()`
   * behind it; and one that comes with the outer application's has to keep that.
   */
  function offer({ response: prototype, parent }: ExpressApp): void {
    if (prototype === undefined || parent !== undefined || Object.hasOwn(prototype, 'sse')) return
    Object.defineProperty(prototype, 'sse', { value: openHere, writable: true, configurable: true })
  }
  const { streams, closeWhere, close, health } = events
  return Object.assign(middleware, { streams, closeWhere, close, health })
}

/** Gives an error to Express, as a handler does with its `next`. */
function raise(error: unknown, request: StreamRequest): void {
  const next: unknown = Reflect.get(request, 'next')
  if (typeof next === 'function') next(error)
  // Not Express, or a request that Express is done with: an error is never lost.
  else void Promise.reject(error)
}
