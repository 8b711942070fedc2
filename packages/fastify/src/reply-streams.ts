import { Readable } from 'node:stream'
import {
  createSse,
  type EventStream,
  type Limits,
  type Sse,
  SseError,
  type SseOptions,
  type StreamHandler,
  type StreamOptions,
  type StreamRequest,
  type StreamResponse,
} from '@rivulet/core'
import type { FastifyReply, FastifyRequest, onErrorHookHandler, onSendHookHandler } from 'fastify'
import { keyOf } from './internals.ts'
import { Notes } from './notes.ts'
import { Marker, PendingStream } from './pending-stream.ts'

/** Makes streams of replies. One for each time the plugin is registered. */
export class ReplyStreams {
  readonly events: Sse
  readonly #pending = new Notes<FastifyReply, PendingStream>('pending stream')
  readonly #logs = new Notes<StreamResponse, FastifyReply['log']>('log')
  readonly #requests = new Notes<StreamRequest, FastifyRequest>('request')
  readonly #failed = new Notes<FastifyReply, true>('failed')
  readonly #opened = new Notes<FastifyReply, true>('opened')
  /** Where Fastify keeps the headers of a reply; `null`: not where it did. */
  #headersKey: symbol | null | undefined
  readonly #hasKey: boolean
  readonly #needsLog: boolean

  /** @param options Of the plugin: `limits.key` gets Fastify's request. */
  constructor({ limits, ...options }: SseOptions<FastifyRequest>) {
    this.#hasKey = limits?.key !== undefined
    this.#needsLog = options.onError === undefined
    this.events = createSse({
      ...options,
      limits: this.#limitsFor(limits),
      onError:
        options.onError ??
        ((error, { response }) => {
          const log = this.#logs.get(response)
          if (log !== undefined) logError(error, log)
        }),
    })
  }

  /** `reply.sse()`; `hasHooks`: whether the route has `onSend` hooks besides ours. */
  open(
    reply: FastifyReply,
    hasHooks: boolean,
    handlerOrOptions?: StreamHandler | StreamOptions,
    options?: StreamOptions,
  ): Promise<EventStream> {
    if (this.#pending.get(reply)?.state === 'waiting') {
      const message = 'This reply is becoming a stream already: await the first call.'
      return Promise.reject(new SseError('ERR_SSE_ALREADY_OPEN', message))
    }
    // Hijacked by the user, so that Fastify runs no hooks; or answered, of which core has to say.
    const isTaken = reply.sent || reply.raw.headersSent
    // Behind an error it is Fastify's to say whether there may be another answer: within an `onError` hook there may not.
    if (!isTaken && !hasHooks && this.#failed.get(reply) !== true)
      return this.#openAtOnce(reply, handlerOrOptions, options)
    const pending = new PendingStream(reply, () => {
      const stream = this.#openNow(reply, handlerOrOptions, options)
      // A stream may stay for hours: what led to it must not.
      this.#pending.set(reply, undefined)
      return stream
    })
    if (isTaken) {
      pending.openOrCancel()
    } else {
      this.#pending.set(reply, pending)
      pending.start()
    }
    return pending.stream
  }

  /** To be the last `onSend` hook of every route. */
  readonly onSend: onSendHookHandler = (_request, reply, payload, done) => {
    const pending = this.#pending.get(reply)
    if (pending?.state === 'waiting') {
      if (!pending.isMarker(payload)) {
        // Something compressed or replaced the marker; its headers speak of a body that is not sent.
        reply.removeHeader('content-encoding')
        reply.removeHeader('content-length')
      }
      discard(payload)
      try {
        pending.open()
      } catch (error) {
        done(error as Error) // whatever it is, it is Fastify's to answer
      }
    } else if (pending?.isMarker(payload) === true || this.#isStream(reply)) {
      // The marker comes after an error, or after the client has left; or a second answer comes after the stream.
      discard(payload)
    } else {
      done()
    }
  }

  readonly onError: onErrorHookHandler = (_request, reply, error, done) => {
    const pending = this.#pending.get(reply)
    if (pending?.state === 'waiting') pending.fail(error)
    this.#failed.set(reply, true)
    done()
  }

  /** The stream that a reply is about to become; `undefined` where it is none, or is one already. */
  pending(reply: FastifyReply): Promise<EventStream> | undefined {
    return this.#pending.get(reply)?.stream
  }

  /** Deals with an error of a reply's handler. `false`: it is Fastify's. */
  takeError(error: unknown, reply: FastifyReply): boolean {
    const left = this.events.fail(reply.raw, error)
    if (left === 'report') logError(error, reply.log)
    // What an onSend hook threw was answered, and came back through `await reply.sse()`.
    return left !== false || this.#pending.get(reply)?.wasFailedBy(error) === true
  }

  #isStream(reply: FastifyReply): boolean {
    return reply.sent && this.#opened.get(reply) === true
  }

  /** Limits for core, which knows Node's requests only. */
  #limitsFor(limits: Limits<FastifyRequest> | undefined): Limits | undefined {
    const key: unknown = limits?.key
    // Without a key there is no request in it; and what is wrong with it core has to say.
    if (typeof key !== 'function') return limits as Omit<Limits, 'key'> | undefined
    return {
      ...limits,
      key: (raw) => {
        const request = this.#requests.get(raw)
        return request === undefined ? null : limits?.key?.(request)
      },
    }
  }

  /** Opens the stream where there are no hooks to go through. What makes that impossible Fastify answers. */
  #openAtOnce(
    reply: FastifyReply,
    handlerOrOptions?: StreamHandler | StreamOptions,
    options?: StreamOptions,
  ): Promise<EventStream> {
    try {
      const stream = this.#openNow(reply, handlerOrOptions, options)
      reply.hijack()
      return Promise.resolve(stream)
    } catch (error) {
      const pending = new PendingStream(reply, () => {
        throw error
      })
      this.#pending.set(reply, pending)
      reply.send(error)
      return pending.stream
    }
  }

  #openNow(
    reply: FastifyReply,
    handlerOrOptions?: StreamHandler | StreamOptions,
    options?: StreamOptions,
  ): EventStream {
    const { raw } = reply
    if (!raw.headersSent) {
      const headers = this.#headersOf(reply)
      for (const name in headers) {
        const value = headers[name]
        if (value !== undefined) raw.setHeader(name, value)
      }
    }
    this.#opened.set(reply, true)
    // The log alone: a stream may stay for hours, and a reply has Fastify's request with all that belongs to it.
    if (this.#needsLog) this.#logs.set(raw, reply.log)
    if (this.#hasKey) this.#requests.set(reply.request.raw, reply.request)
    return this.events.open(reply.request.raw, raw, handlerOrOptions, options)
  }

  /**
   * The headers that Fastify keeps for a reply, those of the response perhaps among them. Fastify's own method copies both, several
   * times; so they are taken from where it keeps them, if they are there.
   */
  #headersOf(reply: FastifyReply): ReturnType<FastifyReply['getHeaders']> {
    if (this.#headersKey === undefined) this.#headersKey = keyOf(reply, 'fastify.reply.headers') ?? null
    const kept: unknown = this.#headersKey === null ? undefined : Reflect.get(reply, this.#headersKey)
    return isHeaders(kept) ? kept : reply.getHeaders()
  }
}

function isHeaders(kept: unknown): kept is ReturnType<FastifyReply['getHeaders']> {
  return typeof kept === 'object' && kept !== null
}

function logError(error: unknown, log: FastifyReply['log']): void {
  log.error({ err: error }, 'The handler of a stream failed.')
}

/** Lets a payload run dry. Destroying it would be an error to those who piped it. */
function discard(payload: unknown): void {
  // Nobody has looked at it, so nobody waits for its end.
  if (payload instanceof Marker && payload.eventNames().length === 0) return
  if (payload instanceof Readable) payload.on('error', () => {}).resume()
}
