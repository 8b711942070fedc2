import {
  type EventStream,
  SseError,
  type SseOptions,
  type StreamHandler,
  type StreamOptions,
} from '@rivulet/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { prepareRoutes } from './prepare-routes.ts'
import { ReplyStreams } from './reply-streams.ts'
import { refuseSoftly } from './soft-refusal.ts'

/**
 * The plugin that gives replies `reply.sse()` and the instance `fastify.sse`. The options are the defaults of its streams.
 *
 * Routes that are declared before it is loaded (`register` without `await`) work like those declared later.
 * `fastify.close()` drains: it hangs up the open streams over the grace time of the option `close`, by default at once.
 *
 * Errors of handlers close their stream and go to the request's log, unless there is an `onError`, which gets those of the
 * form with a handler.
 */
export const sse: FastifyPluginAsync<SseOptions<FastifyRequest>> = fp(register, {
  name: '@rivulet/fastify',
  fastify: '^4.16.0 || ^5.0.0',
})

async function register(fastify: FastifyInstance, options: SseOptions<FastifyRequest>): Promise<void> {
  const replies = new ReplyStreams(options)
  checkGraceTime(fastify, options.close?.graceMs ?? 0)
  const { streams, closeWhere, close, health } = replies.events
  const prepare = prepareRoutes(fastify, replies)
  function openHere(
    this: FastifyReply,
    handlerOrOptions?: StreamHandler | StreamOptions,
    streamOptions?: StreamOptions,
  ): Promise<EventStream> {
    return replies.open(this, prepare(this.request), handlerOrOptions, streamOptions)
  }
  fastify.decorate('sse', { streams, closeWhere, close, health })
  fastify.decorateReply('sse', openHere)
  fastify.addHook('onError', replies.onError)
  fastify.addHook('preClose', () => {
    refuseSoftly(fastify, replies.events)
    return close()
  })
}

/** What is left of Fastify's own time limit for its other requests and the server. */
const restMs = 1_000

/**
 * Fastify gives `close()` as a whole its `pluginTimeout`, 10 s by default: a drain that takes longer is an error in the middle
 * of shutting down.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
function checkGraceTime({ initialConfig }: FastifyInstance, graceMs: number): void {
  const limitMs = initialConfig.pluginTimeout ?? 10_000
  if (limitMs === 0 || graceMs === 0 || graceMs + restMs <= limitMs) return
  throw new SseError(
    'ERR_SSE_OPTION',
    `close: graceMs must be at most ${Math.max(limitMs - restMs, 0)}, not ${graceMs}: Fastify stops waiting for its close() after ` +
      `pluginTimeout, ${limitMs} ms. Set fastify({ pluginTimeout: ${graceMs + restMs} }) or more, or 0 for no limit.`,
    { value: graceMs },
  )
}
