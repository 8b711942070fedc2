import { costOf, deliveryOf, mebibyte } from './figures.mjs'
import { withPair } from './pair.mjs'

/**
 * Every connection gets every event.
 *
 * @param {{ contestant: string, settings: FanOutSettings }} run
 *
 * @typedef {object} FanOutSettings
 * @property {number} connections
 * @property {number} [unreadCount] More connections, which never read.
 * @property {number} eventsPerSecond
 * @property {number} burst Events published in one turn.
 * @property {number} bytes Of one event's payload.
 * @property {number} seconds
 * @property {number} warmUpSeconds
 */
export function runFanOut(run) {
  const { connections, unreadCount = 0, eventsPerSecond, burst, bytes, seconds, warmUpSeconds } = run.settings
  return withPair(run, async (pair) => {
    const { server } = pair
    const compiled = await compile(pair)
    await pair.open({ count: connections, unreadCount })
    const pace = { burst, intervalMs: (1000 * burst) / eventsPerSecond, bytes }
    const before = await server.call('memory')
    const warmUpCount = Math.round(eventsPerSecond * warmUpSeconds)
    await pair.publish({ first: compiled, count: warmUpCount, ...pace })
    await server.call('begin')
    const count = Math.round(eventsPerSecond * seconds)
    const delivered = await pair.publish({ first: compiled + warmUpCount, count, ...pace })
    const spent = await server.call('end')
    const after = await server.call('memory')
    return {
      ...costOf(spent, count * connections),
      ...deliveryOf(delivered),
      delayP99: spent.delayP99Ms,
      grownMemory: spent.grownUsedBytes / mebibyte,
      peakMemory: (spent.peakUsedBytes - before.used) / mebibyte,
      keptMemory: (after.used - before.used) / mebibyte,
    }
  })
}

/**
 * What runs once for each event is compiled only after thousands of them, which a server that has run for a while has had: they come
 * to a few connections, fast.
 *
 * @returns how many came.
 */
async function compile(pair) {
  const count = 8_000
  await pair.open({ count: 20 })
  await pair.publish({ first: 0, count, burst: 50, intervalMs: 2, bytes: 200 })
  await pair.load.call('hangUp')
  return count
}
