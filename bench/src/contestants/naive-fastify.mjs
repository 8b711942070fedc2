import { startFastify } from './frameworks.mjs'
import { createNaiveFeed } from './naive-feed.mjs'

/** The plain loop on Fastify 5, with its replies hijacked. */
export async function start(settings) {
  const { handlers, ...feed } = createNaiveFeed(settings)
  const onReply = (handle) => (request, reply, count) => {
    reply.hijack()
    handle(request.raw, reply.raw, count)
  }
  const { events, tokens, open } = handlers
  return {
    port: await startFastify({ events: onReply(events), tokens: onReply(tokens), open: onReply(open) }),
    ...feed,
  }
}
