import { createSse } from '@rivulet/core'
import { startNode } from './frameworks.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on plain `node:http`. */
export async function start({ sse }) {
  const streams = createSse(sse)
  const { handlers, ...feed } = createFeed((request, response) => streams.open(request, response))
  return { ...feed, port: await startNode(handlers), openCount: () => streams.streams.size }
}
