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
  readonly parent?: ExpressApp
  readonly settings?: { readonly env?: unknown }
}

/**
 * Lets streams hear of the errors of an application's handlers, before they do anything else.
 *
 * An error handler at the end of the application hears of what no other has kept to itself. To come before the others
 * too, the method through which Express calls them is wrapped, once for each copy of Express, on top of what others may have
 * wrapped around it; requests without errors don't notice. Where Express looks different inside, the error handler is all.
 *
 * A stream's error ends there. Behind it is only Express' own last handler, which prints an error and then destroys the connection because the
 * head was sent: the stream has ended properly by then, and the connection may carry somebody else's request.
 */
export function watchApp(app: ExpressApp): void {
  if (Object.hasOwn(app, watchedKey)) return
  const layer = layerOf(app)
  if (layer === null || !mark(app)) return
  function closeStream(error: unknown, _request: unknown, response: ExpressResponse, next: Next): void {
    const errors = StreamErrors.find(response)
    if (errors === undefined) next(error)
    else
      errors.pass(error, (isOfStream) =>
        isOfStream && isLast(closeStream, app) ? print(error, app) : next(error),
      )
  }
  app.use(closeStream)
  if (app.parent !== undefined) watchApp(app.parent)
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
  const layer: unknown = layersOf(app)[0]
  return typeof layer === 'object' && layer !== null ? Reflect.getPrototypeOf(layer) : null
}

/** What Express has of an application's handlers, in their order. */
function layersOf(app: object): readonly unknown[] {
  // The `router` of Express 4 throws.
  const router: unknown = Reflect.get(app, 'lazyrouter' in app ? '_router' : 'router')
  const stack: unknown = typeof router === 'function' ? Reflect.get(router, 'stack') : undefined
  return Array.isArray(stack) ? stack : []
}

/** Whether nothing of the user's comes behind a handler: no later one, and no application around this one. */
function isLast(handler: unknown, app: ExpressApp): boolean {
  const layer: unknown = layersOf(app).at(-1)
  const isBehindAll = typeof layer === 'object' && layer !== null && Reflect.get(layer, 'handle') === handler
  return isBehindAll && app.parent === undefined
}

/** As Express' last handler does it. */
function print(error: unknown, { settings }: ExpressApp): void {
  if (settings?.env !== 'test') console.error(error instanceof Error ? (error.stack ?? error) : error)
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
