import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Sse } from '@rivulet/core'
import type { FastifyInstance } from 'fastify'
import { internalOf } from './internals.ts'

type Listener = (this: EventEmitter, request: IncomingMessage, response: ServerResponse) => void

/**
 * Refuses streams softly while Fastify closes.
 *
 * From the first moment of `fastify.close()` on Fastify answers every request with 503, before any hook and on connections
 * that it still accepts. An EventSource takes that as final and never comes back, to no other node either. So requests that
 * ask for an event stream are answered by `events`, which drains, in front of Fastify; all others are Fastify's.
 *
 * Unless Fastify serves them: then they come to `reply.sse()`, with the headers that hooks have set.
 *
 * @see https://fastify.dev/docs/latest/Reference/Server/#return503onclosing
 */
export function refuseSoftly(fastify: FastifyInstance, events: Pick<Sse, 'open'>): void {
  const options = internalOf(fastify, 'fastify.options')
  if (isObject(options) && 'return503OnClosing' in options && !options.return503OnClosing) return
  refuseOn(fastify.server, events)
  // On `localhost` Fastify listens with one more server for each further address, ::1 for example.
  const others = internalOf(fastify, 'fastify.serverBindings')
  if (!Array.isArray(others)) return
  for (const server of others)
    if (isObject(server) && 'removeAllListeners' in server) refuseOn(server as EventEmitter, events)
}

function refuseOn(server: EventEmitter, events: Pick<Sse, 'open'>): void {
  const listeners = server.listeners('request') as Listener[] // what Node calls them with
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (asksForStream(request)) events.open(request, response)
    else for (const listener of listeners) listener.call(server, request, response)
  })
}

/**
 * As an EventSource does: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface. Clients that
 * send something take JSON as well, the Model Context Protocol's for example: a 200 would tell them that it was done.
 */
function asksForStream({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.toLowerCase().includes('text/event-stream') === true
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
