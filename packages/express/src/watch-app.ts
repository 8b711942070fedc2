import { keepPromises } from './handler-promises.ts'
import { type ExpressResponse, StreamErrors } from './stream-errors.ts'

// A registered symbol: an application may have this package twice, as ES module and as CommonJS.
const watchedKey: unique symbol = Symbol.for('@rivulet/express.watched')

type Next = (error?: unknown) => void
type ErrorHandler = (error: unknown, request: unknown, response: ExpressResponse, next: Next) => void

/** What is needed of an application, 4 or 5. */
export interface ExpressApp {
  use(handler: ErrorHandler): unknown
  /** The prototype of its responses. */
  readonly response?: object
  /** The application that this one is mounted in. */
  readonly parent?: object
}

/**
 * Lets streams hear of the errors of an application's handlers, before they do anything else.
 *
 * An error handler at the end of the application hears of what no other has kept to itself. To come before the others
 * too, the method through which Express calls them is wrapped, once for each copy of Express, on top of what others may have
 * wrapped around it; requests without errors don't notice. Where Express looks different inside, the error handler is all.
 */
export function watchApp(app: ExpressApp): void {
  if (Object.hasOwn(app, watchedKey)) return
  const layer = layerOf(app)
  if (layer === null || !mark(app)) return
  app.use(function closeStream(error, _request, response, next) {
    pass(error, response, () => next(error))
  })
  if (!mark(layer)) return
  wrap(layer, 'handleError') // Express 5
  wrap(layer, 'handle_error') // Express 4
  keepPromises(layer)
}

/** @returns whether it was not marked before */
function mark(target: object): boolean {
  if (Object.hasOwn(target, watchedKey)) return false
  return Reflect.defineProperty(target, watchedKey, { value: true })
}

/** The prototype of what Express keeps of each handler. */
function layerOf(app: object): object | null {
  // The `router` of Express 4 throws.
  const router: unknown = Reflect.get(app, 'lazyrouter' in app ? '_router' : 'router')
  const stack: unknown = typeof router === 'function' ? Reflect.get(router, 'stack') : undefined
  const layer: unknown = Array.isArray(stack) ? stack[0] : undefined
  return typeof layer === 'object' && layer !== null ? Reflect.getPrototypeOf(layer) : null
}

function wrap(layer: object, method: string): void {
  const original: unknown = Reflect.get(layer, method)
  if (typeof original !== 'function') return
  const handleError: ErrorHandler = function (this: unknown, error, request, response, next) {
    pass(error, response, () => original.call(this, error, request, response, next))
  }
  Reflect.set(layer, method, handleError)
}

function pass(error: unknown, response: ExpressResponse, goOn: () => void): void {
  const errors = StreamErrors.find(response)
  if (errors === undefined) goOn()
  else errors.pass(error, goOn)
}
