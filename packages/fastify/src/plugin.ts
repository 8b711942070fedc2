import type { EventStream, SseOptions, StreamHandler, StreamOptions } from '@rivulet/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { prepareRoutes } from './prepare-routes.ts'
import { ReplyStreams } from './reply-streams.ts'

/**
 * The plugin that gives replies `reply.sse()` and the instance `fastify.sse`. The options are the defaults of its streams.
 *
 * Routes that are declared before it is loaded (`register` without `await`) work like those declared later.
 * `fastify.close()` ends the open streams.
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
  const { streams, closeWhere, close, health } = replies.events
  const prepare = prepareRoutes(fastify, replies)
  function openHere(
    this: FastifyReply,
    handlerOrOptions?: StreamHandler | StreamOptions,
    streamOptions?: StreamOptions,
  ): Promise<EventStream> {
    prepare(this.request)
    return replies.open(this, handlerOrOptions, streamOptions)
  }
  fastify.decorate('sse', { streams, closeWhere, close, health })
  fastify.decorateReply('sse', openHere)
  fastify.addHook('onError', replies.onError)
  fastify.addHook('preClose', () => close())
}
