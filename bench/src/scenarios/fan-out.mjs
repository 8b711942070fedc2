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
 * @property {number} [warmUpPace] How many times as fast the events of the warm-up come: a program that has run for a while is compiled, and
 * one that publishes seldom takes long to be.
 */
export function runFanOut(run) {
  const {
    connections,
    unreadCount = 0,
    eventsPerSecond,
    burst,
    bytes,
    seconds,
    warmUpSeconds,
    warmUpPace = 1,
  } = run.settings
  return withPair(run, async (pair) => {
    const { server } = pair
    await pair.open({ count: connections, unreadCount })
    const pace = { burst, intervalMs: (1000 * burst) / eventsPerSecond, bytes }
    const warmUpCount = Math.round(eventsPerSecond * warmUpSeconds * warmUpPace)
    await pair.publish({ first: 0, count: warmUpCount, ...pace, intervalMs: pace.intervalMs / warmUpPace })
    const before = await server.call('memory')
    await server.call('begin')
    const count = Math.round(eventsPerSecond * seconds)
    const delivered = await pair.publish({ first: warmUpCount, count, ...pace })
    const spent = await server.call('end')
    const after = await server.call('memory')
    return {
      ...costOf(spent, count * connections),
      ...deliveryOf(delivered),
      delayP99: spent.delayP99Ms,
      peakMemory: (spent.peakUsedBytes - before.used) / mebibyte,
      keptMemory: (after.used - before.used) / mebibyte,
    }
  })
}
