import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Channel, createSse, type StreamOptions } from '@rivulet/core'
import { sse as expressSse } from '@rivulet/express'
import { sse as fastifySse } from '@rivulet/fastify'
import express from 'express'
import fastify from 'fastify'

/** A server that streams a channel, and whose connections can be dropped. */
export interface SoakServer {
  readonly url: string
  readonly sockets: Set<Socket>
  close(): Promise<void>
}

/** Short, so that clients that were dropped are there again at once. */
const options: StreamOptions = { retryMs: 30 }

export async function serveExpress(channel: Channel): Promise<SoakServer> {
  const app = express()
  const events = expressSse(options)
  app.use(events)
  app.get('/', (_request, response) => {
    response.sse().subscribe(channel)
  })
  return listen(createServer(app), () => events.close())
}

export async function serveFastify(channel: Channel): Promise<SoakServer> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(fastifySse, options)
  app.get('/', async (_request, reply) => {
    const stream = await reply.sse()
    stream.subscribe(channel)
  })
  await app.ready()
  return listen(app.server, async () => {
    await app.close()
  })
}

export async function serveNode(channel: Channel, port = 0, streamOptions = options): Promise<SoakServer> {
  const events = createSse(streamOptions)
  const server = createServer((request, response) => {
    events.open(request, response).subscribe(channel)
  })
  return listen(server, () => events.close(), port)
}

async function listen(server: Server, finish: () => Promise<void>, port = 0): Promise<SoakServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1', backlog: 4_096 }, resolve))
  const address = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${address.port}/`,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy()
      await finish()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}
