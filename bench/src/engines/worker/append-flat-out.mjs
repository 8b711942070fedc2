import { payloads } from '../../payload.mjs'

/** Different payloads, made beforehand. */
const payloadCount = 1_000

/**
 * So many publishers append as fast as each is answered.
 *
 * @param {import('../engine.mjs').Feed} feed
 * @param {{ publishers: number, seconds: number, bytes: number }} plan
 * @returns {Promise<{ count: number, elapsedMs: number, userUs: number, systemUs: number }>}
 */
export async function appendFlatOut(feed, { publishers, seconds, bytes }) {
  const make = payloads(bytes)
  const data = Array.from({ length: payloadCount }, (_, n) => JSON.stringify(make(n)))
  let count = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  const publish = async () => {
    while (performance.now() < endsAt) {
      const one = data[count % payloadCount]
      count += 1
      await feed.append(one)
    }
  }
  await Promise.all(Array.from({ length: publishers }, publish))
  const { user, system } = process.cpuUsage(cpu)
  return { count, elapsedMs: performance.now() - startedAt, userUs: user, systemUs: system }
}
