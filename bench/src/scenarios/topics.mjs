import { costOf } from './figures.mjs'
import { withPair } from './pair.mjs'

/** Each connection listens to a topic of its own, and each event goes to one of them. */
export function runTopics(run) {
  const { topicCount, eventCount, eventsPerSecond, burst, bytes } = run.settings
  return withPair(run, async (pair) => {
    await pair.open({ count: topicCount, topics: true })
    const plan = { count: eventCount, burst, intervalMs: (1000 * burst) / eventsPerSecond, bytes, topicCount }
    const perReader = eventCount / topicCount
    await pair.publish({ first: 0, ...plan }, perReader)
    await pair.server.call('begin')
    await pair.publish({ first: eventCount, ...plan }, perReader)
    return costOf(await pair.server.call('end'), eventCount)
  })
}
