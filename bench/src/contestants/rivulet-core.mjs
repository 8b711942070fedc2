import { createSse } from '@rivulet/core'
import { startNode } from './frameworks.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on plain `node:http`. */
export async function start({ sse }) {
  const streams = createSse(sse)
  const { handlers, ...feed } = createFeed((request, response) => streams.open(request, response))
  return { port: await startNode(handlers), ...feed }
}
