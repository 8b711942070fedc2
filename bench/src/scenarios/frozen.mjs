import { sleep } from '../clock.mjs'
import { deliveryOf, mebibyte } from './figures.mjs'
import { withPair } from './pair.mjs'

/**
 * A flood that some connections asked for and never read, beside connections that hear every hundredth event of it.
 */
export function runFrozen(run) {
  const { connections, unreadCount, eventCount, eventsPerSecond, burst, bytes, topicEvery } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    await load.call('connect', { port, count: connections })
    await load.call('request', { path: '/events?topic=seldom' })
    await load.call('answered')
    const pace = { burst, intervalMs: (1000 * burst) / eventsPerSecond, bytes, topicEvery }
    await load.call('expect', { first: 0, count: 10, isDense: false })
    await server.call('publish', { first: 0, count: 10 * topicEvery, ...pace })
    await load.call('arrived', { timeoutMs: 30_000 })
    if (unreadCount > 0) await load.call('freeze', { port, count: unreadCount, path: '/events' })
    await untilOpen(server, connections + unreadCount)
    const before = await server.call('memory')
    await server.call('begin')
    await load.call('expect', { first: 0, count: eventCount / topicEvery, isDense: false })
    const published = await server.call('publish', { first: 0, count: eventCount, ...pace })
    const arrived = await load.call('arrived', { timeoutMs: 60_000 })
    const spent = await server.call('end')
    const after = await server.call('memory')
    await untilOpen(server, connections + unreadCount)
    return {
      ...deliveryOf({ published: published.filter((_, n) => n % topicEvery === 0), arrived }),
      keptMemory: (after.used - before.used) / mebibyte,
      peakMemory: (spent.peakUsedBytes - before.used) / mebibyte,
      keptResident: (after.resident - before.resident) / mebibyte,
    }
  })
}

/** Nobody may be gone: what is measured is what they cost. */
async function untilOpen(server, count) {
  for (let attempt = 0; ; attempt += 1) {
    const openCount = await server.call('openCount')
    if (openCount === count) return
    if (attempt === 50) throw new Error(`${openCount} of ${count} streams are open`)
    await sleep(20)
  }
}
