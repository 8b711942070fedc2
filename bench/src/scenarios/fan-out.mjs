import { sleep } from '../clock.mjs'
import { percentile } from '../statistics.mjs'
import { withPair } from './pair.mjs'

/** Time for what a server still does after its last client was answered. */
const settleMs = 300
const patienceMs = 60_000

/**
 * Every connection gets every event.
 *
 * @param {{ contestant: string, settings: FanOutSettings }} run
 *
 * @typedef {object} FanOutSettings
 * @property {number} connections
 * @property {number} eventsPerSecond
 * @property {number} burst Events published in one turn.
 * @property {number} bytes Of one event's payload.
 * @property {number} seconds
 * @property {number} warmUpSeconds
 */
export function runFanOut(run) {
  const { connections, eventsPerSecond, burst, bytes, seconds, warmUpSeconds } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    await load.call('open', { port, count: connections })
    await sleep(settleMs)
    const publish = async (first, count) => {
      await load.call('expect', { first, count })
      const plan = { first, count, burst, intervalMs: (1000 * burst) / eventsPerSecond, bytes }
      const published = await server.call('publish', plan)
      return { published, arrived: await load.call('arrived', { timeoutMs: patienceMs }) }
    }
    const warmUpCount = Math.round(eventsPerSecond * warmUpSeconds)
    await publish(0, warmUpCount)
    const before = await server.call('memory')
    await server.call('begin')
    const count = Math.round(eventsPerSecond * seconds)
    const { published, arrived } = await publish(warmUpCount, count)
    const spent = await server.call('end')
    return {
      ...costOf(spent, count * connections),
      ...delivery(published, arrived),
      delayP99: spent.delayP99Ms,
      memory: (spent.peakUsedBytes - before.used) / 2 ** 20,
    }
  })
}

/** CPU in microseconds for each of `count` things done. */
export function costOf({ userUs, systemUs }, count) {
  return { cpu: (userUs + systemUs) / count, user: userUs / count, system: systemUs / count }
}

/** Milliseconds from publishing to arrival, over all connections that kept their arrivals. */
export function delivery(published, arrived) {
  const delays = arrived.map((at, place) => at - published[place % published.length])
  return { deliveryP50: percentile(delays, 0.5), deliveryP99: percentile(delays, 0.99) }
}
