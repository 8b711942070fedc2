import { createServer } from 'node:http'
import SseChannel from 'sse-channel'
import { listen } from './listen.mjs'

export async function start() {
  const channel = new SseChannel({ jsonEncode: true })
  const server = createServer((request, response) => channel.addClient(request, response))
  return {
    port: await listen(server),
    publish(events) {
      for (const event of events) channel.send({ id: event.n, data: event })
    },
  }
}
