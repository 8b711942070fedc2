import { startExpress } from './frameworks.mjs'
import { createNaiveFeed } from './naive-feed.mjs'

/** The plain loop on Express 5. */
export async function start(settings) {
  const { handlers, ...feed } = createNaiveFeed(settings)
  return { port: await startExpress(handlers), ...feed }
}
