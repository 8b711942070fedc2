import { payloads } from '../../payload.mjs'

/** Different payloads, made beforehand; batches are a part of them. */
const payloadCount = 1_000

/**
 * So many publishers append as fast as each is answered, one event at a time or `batch` by `appendMany`.
 *
 * @param {import('../engine.mjs').Feed} feed
 * @param {{ publishers: number, seconds: number, bytes: number, batch?: number }} plan
 * @returns {Promise<{ count: number, elapsedMs: number, userUs: number, systemUs: number }>}
 */
export async function appendFlatOut(feed, { publishers, seconds, bytes, batch = 1 }) {
  const make = payloads(bytes)
  const data = Array.from({ length: payloadCount }, (_, n) => JSON.stringify(make(n)))
  let count = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  const publish = async () => {
    while (performance.now() < endsAt) {
      const place = count % payloadCount
      count += batch
      await (batch === 1 ? feed.append(data[place]) : feed.appendMany(data.slice(place, place + batch)))
    }
  }
  await Promise.all(Array.from({ length: publishers }, publish))
  const { user, system } = process.cpuUsage(cpu)
  return { count, elapsedMs: performance.now() - startedAt, userUs: user, systemUs: system }
}
