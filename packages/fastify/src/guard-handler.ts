import type { FastifyReply, FastifyRequest } from 'fastify'
import { isThenable } from './guard-hooks.ts'
import type { ReplyStreams } from './reply-streams.ts'

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/**
 * A route's handler whose errors close its stream: once a reply is a stream, Fastify looks at them no more.
 *
 * Errors of handlers that open no stream are Fastify's, as ever.
 */
export function guardHandler(handler: Handler, replies: ReplyStreams): Handler {
  const guarded: Handler = function (this: unknown, request, reply) {
    try {
      const result = handler.call(this, request, reply)
      return isThenable(result) ? guardResult(result, reply, replies) : result
    } catch (error) {
      if (!replies.takeError(error, reply)) throw error
      return undefined
    }
  }
  // Tracers name routes by it.
  return Object.defineProperty(guarded, 'name', { value: handler.name })
}

function guardResult(
  result: PromiseLike<unknown>,
  reply: FastifyReply,
  replies: ReplyStreams,
): Promise<unknown> {
  const onError = (error: unknown): undefined => {
    if (!replies.takeError(error, reply)) throw error
  }
  return Promise.resolve(result).then((value) => {
    // A handler may return without waiting for `reply.sse()`; to Fastify that would be an empty answer.
    return replies.pending(reply)?.then(() => value, onError) ?? value
  }, onError)
}
