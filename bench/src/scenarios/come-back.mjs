import { sleep } from '../clock.mjs'
import { costOf, mebibyte } from './figures.mjs'
import { withPair } from './pair.mjs'

/** The server has been running for a while when its clients come back. */
const warmUpConnections = 200
const settleMs = 1_500

/** Clients that were away come back in one moment, each as many events behind. */
export function runComeBack(run) {
  const { connections, missedCount, bytes } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    const lastEventId = await server.call('prepare', missedCount + 1, bytes)
    const comeBack = async () => {
      await load.call('expect', { first: 1, count: missedCount })
      await load.call('request', { path: '/events', lastEventId })
      await load.call('arrived', { timeoutMs: 60_000 })
    }
    await load.call('connect', { port, count: warmUpConnections })
    await comeBack()
    await load.call('hangUp')
    await sleep(settleMs)
    const idle = await server.call('memory')
    await load.call('connect', { port, count: connections })
    await sleep(settleMs)
    await server.call('begin')
    await comeBack()
    const spent = await server.call('end')
    return {
      ...costOf(spent, connections * missedCount),
      total: (spent.userUs + spent.systemUs) / 1000,
      delayP99: spent.delayP99Ms,
      peakMemory: (spent.peakUsedBytes - idle.used) / mebibyte,
      peakResident: (spent.peakResidentBytes - idle.resident) / mebibyte,
    }
  })
}
