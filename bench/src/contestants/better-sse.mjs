import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { listen } from './listen.mjs'

export async function start() {
  const channel = createChannel()
  const server = createServer(async (request, response) => {
    channel.register(await createSession(request, response))
  })
  return {
    port: await listen(server),
    publish(events) {
      for (const event of events) channel.broadcast(event, 'message', { eventId: String(event.n) })
    },
  }
}
