import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { backlog, listen } from './listen.mjs'

/**
 * The routes that contestants answer:
 *
 * - `/events`: what is published from then on, or since `Last-Event-ID`; `?topic=` of that topic.
 * - `/tokens?count=`: so many small events, as fast as the client takes them.
 * - `/open`: an open stream on which nothing comes.
 *
 * Each of these starts a server that has them, on one framework, and resolves with its port.
 */

export function startNode({ events, tokens, open }) {
  return listen(
    createServer((request, response) => {
      const [path, query = ''] = request.url.split('?')
      const [, value] = query.split('=')
      if (path === '/events') events(request, response, value)
      else if (path === '/tokens') tokens(request, response, Number(value))
      else open(request, response)
    }),
  )
}

export function startExpress({ events, tokens, open }, middleware = []) {
  const app = express()
  for (const one of middleware) app.use(one)
  app.get('/events', (request, response) => events(request, response, request.query.topic))
  app.get('/tokens', (request, response) => tokens(request, response, Number(request.query.count)))
  app.get('/open', (request, response) => open(request, response))
  return listen(createServer(app))
}

/** The handlers get Fastify's request and reply. */
export async function startFastify({ events, tokens, open }, plugins = []) {
  const app = fastify()
  for (const [plugin, options] of plugins) await app.register(plugin, options)
  app.get('/events', async (request, reply) => events(request, reply, request.query.topic))
  app.get('/tokens', async (request, reply) => tokens(request, reply, Number(request.query.count)))
  app.get('/open', async (request, reply) => open(request, reply))
  await app.listen({ port: 0, host: '127.0.0.1', backlog })
  return app.server.address().port
}
