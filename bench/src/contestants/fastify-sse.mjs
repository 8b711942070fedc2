import plugin from '@fastify/sse'
import fastify from 'fastify'
import { backlog } from './listen.mjs'

/** It has no channels: a set and a loop. By itself it answers with the first event only. */
export async function start() {
  const streams = new Set()
  const app = fastify()
  await app.register(plugin)
  app.get('/events', { sse: true }, async (_request, reply) => {
    reply.sse.keepAlive()
    reply.sse.sendHeaders()
    reply.raw.flushHeaders()
    streams.add(reply.sse)
    reply.sse.onClose(() => streams.delete(reply.sse))
  })
  await app.listen({ port: 0, host: '127.0.0.1', backlog })
  return {
    port: app.server.address().port,
    publish(events) {
      for (const event of events) {
        for (const stream of streams) stream.send({ id: String(event.n), data: event })
      }
    },
  }
}
