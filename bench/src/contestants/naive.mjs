import { createServer } from 'node:http'
import { listen, streamHeaders } from './listen.mjs'

/** What people write: a set of responses and a loop of `res.write`. */
export async function start() {
  const responses = new Set()
  const server = createServer((_request, response) => {
    response.writeHead(200, streamHeaders)
    response.flushHeaders()
    responses.add(response)
    response.on('close', () => responses.delete(response))
  })
  return {
    port: await listen(server),
    publish(events) {
      for (const event of events) {
        const data = JSON.stringify(event)
        for (const response of responses) response.write(`id: ${event.n}\ndata: ${data}\n\n`)
      }
    },
  }
}
