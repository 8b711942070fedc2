import { sse as plugin } from '@rivulet/fastify'
import { startFastify } from './frameworks.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on Fastify 5. */
export async function start({ sse = {} }) {
  const { handlers, ...feed } = createFeed((_request, reply) => reply.sse())
  return { port: await startFastify(handlers, [[plugin, sse]]), ...feed }
}
