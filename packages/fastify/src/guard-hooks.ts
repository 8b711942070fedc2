import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReplyStreams } from './reply-streams.ts'

/** As Fastify calls it: `payload` comes with `preParsing`, and one that gives a promise need not call `done`. */
type Hook = (request: FastifyRequest, reply: FastifyReply, ...rest: unknown[]) => unknown
type Done = (error?: unknown, value?: unknown) => void

const guarded = new WeakSet<object>()

/**
 * Hooks that come before the handler, in place, so that their errors close a stream that they have opened: once a reply is one, Fastify looks at
 * them no more. Everything goes its way through Fastify nevertheless.
 */
export function guardHooks(hooks: unknown, replies: ReplyStreams, except: (hook: Hook) => boolean): void {
  if (!Array.isArray(hooks)) return
  for (const [index, hook] of hooks.entries()) {
    if (typeof hook === 'function' && !guarded.has(hook) && !except(hook as Hook)) {
      hooks[index] = guardHook(hook as Hook, replies)
    }
  }
}

function guardHook(hook: Hook, replies: ReplyStreams): Hook {
  const guard: Hook = function (this: unknown, request, reply, ...rest) {
    const take = (error: unknown) => {
      replies.takeError(error, reply)
    }
    const done = rest.pop() as Done // the last that Fastify gives to every hook
    try {
      const result = hook.call(this, request, reply, ...rest, (error?: unknown, value?: unknown) => {
        if (error) take(error)
        done(error, value)
      })
      if (isThenable(result)) result.then(undefined, take)
      return result
    } catch (error) {
      take(error)
      throw error
    }
  }
  guarded.add(guard)
  // Tracers name hooks by it.
  return Object.defineProperty(guard, 'name', { value: hook.name })
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}
