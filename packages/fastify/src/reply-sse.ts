import type {
  AnyEvents,
  Limits as CoreLimits,
  SseOptions as CoreSseOptions,
  EventSchemas,
  EventStream,
  InputOf,
  Sse,
  StreamHandler,
  StreamOptions,
} from '@rivulet/core'
import type { FastifyRequest } from 'fastify'

/** `reply.sse`: makes this reply a stream. */
export interface OpenStream {
  /**
   * Runs Fastify's `onSend` hooks, which set headers (cookies, sessions), then commits status and headers and resolves with
   * the stream; always one, if need be closed already (HEAD, 204, 406, draining, over a limit, the client has left).
   *
   * Rejects with SseError `ERR_SSE_OPTION`, `ERR_SSE_ALREADY_OPEN`, `ERR_SSE_HEADERS_SENT`, and with what an `onSend` hook
   * threw once Fastify has answered it.
   */
  <Schemas extends EventSchemas>(
    options: StreamOptions & { readonly events: Schemas },
  ): Promise<EventStream<InputOf<Schemas>>>
  <Events = AnyEvents>(options?: StreamOptions): Promise<EventStream<Events>>
  /**
   * The same with a handler: its end ends the stream unless it subscribed; its error closes the stream and goes to the
   * request's log, never to the client. Not run for a stream that is born closed. Resolves without waiting for it.
   */
  <Schemas extends EventSchemas>(
    handler: StreamHandler<InputOf<Schemas>>,
    options: StreamOptions & { readonly events: Schemas },
  ): Promise<EventStream<InputOf<Schemas>>>
  <Events = AnyEvents>(handler: StreamHandler<Events>, options?: StreamOptions): Promise<EventStream<Events>>
}

/** The options of the plugin: those of core, where `limits.key` gets Fastify's request. */
export type SseOptions<Request = FastifyRequest> = CoreSseOptions<Request>

/** How many streams there may be: `key` gets Fastify's request. */
export type Limits<Request = FastifyRequest> = CoreLimits<Request>

/** `fastify.sse`: what concerns all streams. `fastify.close()` closes them by itself. */
export interface FastifySse extends Pick<Sse, 'streams' | 'closeWhere' | 'close' | 'health'> {}

declare module 'fastify' {
  interface FastifyReply {
    /** Makes this reply a stream. Put there by the plugin `@rivulet/fastify`. */
    sse: OpenStream
  }

  interface FastifyInstance {
    /** The streams of the plugin `@rivulet/fastify`. */
    sse: FastifySse
  }
}
