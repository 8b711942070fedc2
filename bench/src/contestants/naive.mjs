import { startNode } from './frameworks.mjs'
import { createNaiveFeed } from './naive-feed.mjs'

/** The plain loop on `node:http`. */
export async function start(settings) {
  const { handlers, ...feed } = createNaiveFeed(settings)
  return { port: await startNode(handlers), ...feed }
}
