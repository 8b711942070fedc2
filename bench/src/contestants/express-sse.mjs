import { createServer } from 'node:http'
import express from 'express'
import Sse from 'express-sse'
import { listen } from './listen.mjs'

/** By itself it answers with the first event only. */
export async function start() {
  const sse = new Sse()
  const app = express()
  app.get('/events', (request, response) => {
    sse.init(request, response)
    response.flushHeaders()
  })
  return {
    port: await listen(createServer(app)),
    publish(events) {
      for (const event of events) sse.send(event, undefined, event.n)
    },
  }
}
