import type { ServerResponse } from 'node:http'
import type { Sse } from '@rivulet/core'
import { HandlerPromises } from './handler-promises.ts'
import { whenClosed } from './when-closed.ts'

type Next = (error?: unknown) => void
type HandleRequest = (this: object, request: unknown, response: ServerResponse, next: Next) => unknown

// Registered symbols: an application may have this package twice, as ES module and as CommonJS.
const failKey = Symbol.for('@rivulet/express.fail')
const watchedKey = Symbol.for('@rivulet/express.watched')

/** Notes, on what is put on responses as `sse`, how a stream is failed. */
export function markOpener(opener: object, fail: Sse['fail']): void {
  Reflect.defineProperty(opener, failKey, { value: fail })
}

/**
 * Lets streams hear of errors of an application's handlers: of what they throw, reject with or give to `next`.
 *
 * Express has no place to be told, so the one method through which it calls every handler is wrapped: once for each copy
 * of Express, on top of what others have wrapped around it. Where Express looks different inside, nothing is done.
 */
export function watchLayers(app: unknown): void {
  const prototype = layerPrototypeOf(app)
  if (prototype === undefined || Object.hasOwn(prototype, watchedKey)) return
  Reflect.defineProperty(prototype, watchedKey, { value: true })
  wrap(prototype, 'handleRequest', (layer) => layer)
  wrap(prototype, 'handle_request', keepingPromise)
}

/** Express 5 has `app.router`, Express 4 `app._router` (and an `app.router` that throws). */
function layerPrototypeOf(app: unknown): object | undefined {
  if (typeof app !== 'function') return undefined
  const router: unknown = Reflect.get(app, '_router') ?? Reflect.get(app, 'router')
  const stack: unknown = typeof router === 'function' ? Reflect.get(router, 'stack') : undefined
  const layer: unknown = Array.isArray(stack) ? stack[0] : undefined
  return typeof layer === 'object' && layer !== null
    ? (Reflect.getPrototypeOf(layer) ?? undefined)
    : undefined
}

function wrap(prototype: object, method: string, view: (layer: object) => object): void {
  const original: HandleRequest | undefined = Reflect.get(prototype, method)
  if (typeof original !== 'function') return
  const wrapper: HandleRequest = function (request, response, next) {
    const fail = failOf(response)
    if (fail === undefined) return original.call(this, request, response, next)
    return original.call(view(this), request, response, (error) => {
      if (!isError(error)) next(error)
      else passOn(error, response, fail, next)
    })
  }
  Reflect.set(prototype, method, wrapper)
}

/** How streams of this response are failed; `undefined` before the middleware, whose work is not watched. */
function failOf(response: ServerResponse): Sse['fail'] | undefined {
  const opener: unknown = Reflect.get(response, 'sse')
  return typeof opener === 'function' ? Reflect.get(opener, failKey) : undefined
}

/** Express calls `next` with these to leave a route or a router. */
function isError(error: unknown): boolean {
  return Boolean(error) && error !== 'route' && error !== 'router'
}

function passOn(error: unknown, response: ServerResponse, fail: Sse['fail'], next: Next): void {
  const outcome = fail(response, error)
  if (outcome === false) {
    next(error)
    return
  }
  HandlerPromises.of(response).errorPassedOn(error)
  if (outcome === 'report') whenClosed(response, () => next(error))
}

/** A view of a layer of Express 4 whose handler's promise is kept. The layer itself stays as it is, for everybody else. */
function keepingPromise(layer: object): object {
  const handle: unknown = Reflect.get(layer, 'handle')
  // More than three parameters make an error handler, which is not called now.
  if (typeof handle !== 'function' || handle.length > 3) return layer
  const keeping = (request: unknown, response: ServerResponse, next: Next) => {
    const result: unknown = handle(request, response, next)
    if (isThenable(result)) HandlerPromises.of(response).add(result)
    return result
  }
  return Object.create(layer, { handle: { value: keeping } })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}
