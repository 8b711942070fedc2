import { startExpress } from './frameworks.mjs'
import { createNaiveFeed } from './naive-feed.mjs'

/** The plain loop on Express 5, for so many streams; who comes then is answered 503. */
export async function start(settings) {
  const { maxStreams } = settings.sse.limits
  const { handlers, ...feed } = createNaiveFeed(settings)
  let openCount = 0
  const events = (request, response) => {
    if (openCount === maxStreams) {
      response.set('Retry-After', '30').sendStatus(503)
      return
    }
    openCount += 1
    response.on('close', () => {
      openCount -= 1
    })
    handlers.events(request, response)
  }
  return { port: await startExpress({ ...handlers, events }), ...feed }
}
