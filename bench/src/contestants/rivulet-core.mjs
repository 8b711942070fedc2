import { createServer } from 'node:http'
import { createChannel, createSse } from '@rivulet/core'
import { listen } from './listen.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on plain `node:http`. */
export async function start({ sse = {} }) {
  const streams = createSse(sse)
  const feed = createFeed(createChannel)
  const server = createServer((request, response) => {
    const [, topic] = request.url.split('?topic=')
    feed.subscribe(streams.open(request, response), topic)
  })
  return { port: await listen(server), publish: feed.publish }
}
