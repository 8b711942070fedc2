import { createChannel } from '@rivulet/core'
import { sse as plugin } from '@rivulet/fastify'
import fastify from 'fastify'
import { backlog } from './listen.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on Fastify 5. */
export async function start({ sse = {} }) {
  const feed = createFeed(createChannel)
  const app = fastify()
  await app.register(plugin, sse)
  app.get('/events', async (request, reply) => feed.subscribe(await reply.sse(), request.query.topic))
  await app.listen({ port: 0, host: '127.0.0.1', backlog })
  return { port: app.server.address().port, publish: feed.publish }
}
