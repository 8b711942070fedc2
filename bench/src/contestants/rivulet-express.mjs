import { createServer } from 'node:http'
import { createChannel } from '@rivulet/core'
import { sse as middleware } from '@rivulet/express'
import express from 'express'
import { listen } from './listen.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on Express 5. */
export async function start({ sse = {} }) {
  const feed = createFeed(createChannel)
  const app = express()
  app.use(middleware(sse))
  app.get('/events', (request, response) => feed.subscribe(response.sse(), request.query.topic))
  return { port: await listen(createServer(app)), publish: feed.publish }
}
