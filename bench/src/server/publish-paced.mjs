import { machineNow } from '../clock.mjs'
import { payloads } from '../payload.mjs'

/**
 * Publishes `count` events, `burst` at a time, every `intervalMs` by the clock: what comes late is made up for, one burst a
 * turn, so that every contestant gets the same work.
 *
 * @param {{ publish(events: object[], topic?: string): void }} contestant
 * @param {{ first: number, count: number, burst: number, intervalMs: number, bytes: number, topicCount?: number,
 *   topicEvery?: number }} plan `topicCount`: each event has one of so many topics. `topicEvery`: every so many has a topic.
 * @returns {Promise<Float64Array>} when each event was published.
 */
export function publishPaced(contestant, { first, count, burst, intervalMs, bytes, topicCount, topicEvery }) {
  const topicOf = topicsOf(topicCount, topicEvery)
  const make = payloads(bytes)
  const times = new Float64Array(count)
  const startedAt = performance.now()
  let published = 0
  return new Promise((resolve) => {
    const publishBurst = () => {
      const events = []
      for (let place = 0; place < burst && published < count; place += 1) {
        events.push(make(first + published))
        times[published] = machineNow()
        published += 1
      }
      if (topicOf === null) contestant.publish(events)
      else for (const event of events) contestant.publish([event], topicOf(event.n))
      if (published === count) resolve(times)
      else setTimeout(publishBurst, startedAt + (published / burst) * intervalMs - performance.now())
    }
    publishBurst()
  })
}

function topicsOf(topicCount, topicEvery) {
  // A topic far from the one before, and each as often as any other.
  if (topicCount !== undefined) return (n) => `t${(n * 7919) % topicCount}`
  return topicEvery === undefined ? null : (n) => (n % topicEvery === 0 ? 'seldom' : undefined)
}
