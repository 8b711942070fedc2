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
    const before = await server.call('memory')
    await server.call('begin')
    await load.call('expect', { first: 0, count: eventCount / topicEvery, isDense: false })
    const published = await server.call('publish', { first: 0, count: eventCount, ...pace })
    const arrived = await load.call('arrived', { timeoutMs: 60_000 })
    const spent = await server.call('end')
    const after = await server.call('memory')
    return {
      ...deliveryOf({ published: published.filter((_, n) => n % topicEvery === 0), arrived }),
      keptMemory: (after.used - before.used) / mebibyte,
      peakMemory: (spent.peakUsedBytes - before.used) / mebibyte,
      keptResident: (after.resident - before.resident) / mebibyte,
    }
  })
}
