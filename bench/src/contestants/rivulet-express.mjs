import { sse as middleware } from '@rivulet/express'
import { startExpress } from './frameworks.mjs'
import { createFeed } from './rivulet-feed.mjs'

/** Rivulet on Express 5. */
export async function start({ sse }) {
  const { handlers, ...feed } = createFeed((_request, response) => response.sse())
  return { port: await startExpress(handlers, [middleware(sse)]), ...feed }
}
