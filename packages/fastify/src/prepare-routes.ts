import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import { guardHandler, type Handler } from './guard-handler.ts'
import { guardHooks } from './guard-hooks.ts'
import { keyOf } from './internals.ts'
import type { ReplyStreams } from './reply-streams.ts'

/** The hooks of a route that come before its handler, and may open its stream. */
const beforeHandler = ['onRequest', 'preParsing', 'preValidation', 'preHandler']

/** What Fastify makes of a route and looks at with every request. Not part of its API. */
interface RouteContext {
  handler: Handler
  onRequest: unknown[] | null
  onSend: unknown[] | null
  readonly config: object
}

/**
 * Gives every route that can open streams a guarded handler and a last `onSend` hook.
 *
 * Routes that are declared once the plugin is loaded come through `onRoute`. Fastify never tells of those declared before
 * (`fastify.register(sse)` without `await`, then `fastify.get(…)`): they are found at their first request, in a part of
 * Fastify that is not its API. Where that looks different, nothing is done to them.
 *
 * @returns what looks at a request's route once more, for hooks that come before the plugin's own; and says whether the route
 * has `onSend` hooks besides ours, as far as can be seen
 */
export function prepareRoutes(
  fastify: FastifyInstance,
  replies: ReplyStreams,
): (request: FastifyRequest) => boolean {
  // Own to this registration: in a context within a context there may be two.
  const preparedKey = Symbol('@rivulet/fastify')

  fastify.addHook('onRoute', (route: RouteOptions) => {
    route.handler = guardHandler(route.handler, replies)
    route.onSend = [route.onSend ?? []].flat().concat(replies.onSend)
    route.config = Object.assign({}, route.config, { [preparedKey]: true })
  })

  /** Contexts that were looked at, and whether our hook is among theirs. */
  const known = new WeakMap<object, boolean>()
  let contextKey: symbol | undefined
  function prepare(request: FastifyRequest): boolean {
    contextKey ??= keyOf(request, 'fastify.context')
    const context: unknown = contextKey === undefined ? undefined : Reflect.get(request, contextKey)
    if (typeof context !== 'object' || context === null) return true
    let isPrepared = known.get(context)
    if (isPrepared === undefined) {
      isPrepared = prepareContext(context)
      known.set(context, isPrepared)
    }
    // Ours is the last; it cannot be told from others, since Fastify binds them.
    return !isPrepared || (context as RouteContext).onSend?.length !== 1
  }
  function prepareContext(context: object): boolean {
    if (!isRouteContext(context)) return false
    for (const name of beforeHandler) {
      guardHooks(Reflect.get(context, name), replies, (hook) => isNamed(prepareFirst.name, hook))
    }
    context.onRequest = without(prepareFirst.name, context.onRequest)
    if (Object.hasOwn(context.config, preparedKey)) return true
    context.handler = guardHandler(context.handler, replies)
    context.onSend = [...(context.onSend ?? []), replies.onSend]
    return true
  }
  const prepareFirst: onRequestHookHandler = (request, _reply, next) => {
    prepare(request)
    next()
  }
  registrations += 1
  Object.defineProperty(prepareFirst, 'name', { value: `prepareFirst of @rivulet/fastify, ${registrations}` })
  fastify.addHook('onRequest', prepareFirst)
  return prepare
}

/** Times that the plugin was loaded. */
let registrations = 0

/** Hooks without the one of this name, which has done what it is there for: Fastify runs hooks for every request. */
function without(name: string, hooks: unknown[] | null): unknown[] | null {
  const others = hooks?.filter((hook) => !isNamed(name, hook)) ?? []
  return others.length === 0 ? null : others
}

function isNamed(name: string, hook: unknown): boolean {
  return typeof hook === 'function' && hook.name === `bound ${name}`
}

function isRouteContext(context: object): context is RouteContext {
  const { handler, onRequest, onSend, config }: Partial<Record<keyof RouteContext, unknown>> = context
  const hasHooks = [onRequest, onSend].every((hooks) => hooks === null || Array.isArray(hooks))
  return typeof handler === 'function' && hasHooks && typeof config === 'object' && config !== null
}
