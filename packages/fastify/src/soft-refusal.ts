import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Sse } from '@rivulet/core'

type Listener = (this: Server, request: IncomingMessage, response: ServerResponse) => void

/**
 * Refuses streams softly while Fastify closes.
 *
 * From the first moment of `fastify.close()` on Fastify answers every request with 503, before any hook and on connections
 * that it still accepts. An EventSource takes that as final and never comes back, to no other node either. So requests that
 * ask for an event stream are answered by `events`, which drains, in front of Fastify; all others are Fastify's.
 *
 * @see https://fastify.dev/docs/latest/Reference/Server/#return503onclosing
 */
export function refuseSoftly(server: Server, events: Pick<Sse, 'open'>): void {
  const listeners = server.listeners('request') as Listener[] // what Node calls them with
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (asksForStream(request)) events.open(request, response)
    else for (const listener of listeners) listener.call(server, request, response)
  })
}

/** An EventSource says so, and nothing else does: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface */
function asksForStream({ headers }: IncomingMessage): boolean {
  return headers.accept?.toLowerCase().includes('text/event-stream') === true
}
