import { createServer } from 'node:http'
import { listen, streamHeaders } from './listen.mjs'

/**
 * The least that Node can do: one Buffer for each burst, framed as an HTTP chunk beforehand, written straight to each socket.
 * No library can do this (it breaks on HTTP/1.0, compression, pipelining and slow readers); it is what the machine costs.
 */
export async function start() {
  const sockets = new Set()
  const server = createServer((_request, response) => {
    const { socket } = response
    response.writeHead(200, streamHeaders)
    response.flushHeaders()
    sockets.add(socket)
    response.on('close', () => sockets.delete(socket))
  })
  return {
    port: await listen(server),
    publish(events) {
      const blocks = events.map((event) => `id: ${event.n}\ndata: ${JSON.stringify(event)}\n\n`).join('')
      const chunk = Buffer.from(`${Buffer.byteLength(blocks).toString(16)}\r\n${blocks}\r\n`)
      for (const socket of sockets) socket.write(chunk)
    },
  }
}
