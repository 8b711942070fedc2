import { type ExpressResponse, StreamErrors } from './stream-errors.ts'

type Handler = (request: unknown, response: ExpressResponse, next: unknown) => unknown

/** What Express 4 keeps of one handler. */
interface Layer {
  handle?: unknown
  handle_request?: (this: Layer, request: unknown, response: ExpressResponse, next: unknown) => unknown
}

/**
 * Keeps the promises of handlers, which Express 4 drops: one that rejects would leave its stream open.
 *
 * A layer has another handler only while it is called. Everybody else finds the one that they put there.
 *
 * @param layer The prototype of layers. That of Express 5, which looks after promises itself, is left alone.
 */
export function keepPromises(layer: Layer): void {
  const original = layer.handle_request
  if (typeof original !== 'function') return
  const keeperOf = keepers()
  layer.handle_request = function (request, response, next) {
    const handler = this.handle
    if (!('sse' in response) || !isWatchable(this, handler))
      return original.call(this, request, response, next)
    this.handle = keeperOf(handler)
    try {
      return original.call(this, request, response, next)
    } finally {
      this.handle = handler
    }
  }
}

/**
 * More than three parameters make an error handler, which is not called now. A `handle` that is no property of the layer's
 * own belongs to a patch (express-async-errors) that gives rejections to `next`, and wraps what it is set to.
 */
function isWatchable(layer: Layer, handler: unknown): handler is Handler {
  return typeof handler === 'function' && handler.length <= 3 && Object.hasOwn(layer, 'handle')
}

/** Makes of a handler one whose promise is kept; of the same handler always the same. */
function keepers(): (handler: Handler) => Handler {
  const known = new WeakMap<Handler, Handler>()
  return (handler) => {
    const keeper = known.get(handler)
    return keeper ?? make(handler)
  }
  function make(handler: Handler): Handler {
    const keeper: Handler = (request, response, next) => {
      const result = handler(request, response, next)
      if (isThenable(result)) StreamErrors.of(response).handlerReturned(result)
      return result
    }
    known.set(handler, keeper)
    // A handler may call its own application once more before it returns.
    known.set(keeper, keeper)
    return keeper
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
