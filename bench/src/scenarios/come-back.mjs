import { costOf, mebibyte } from './figures.mjs'
import { withPair } from './pair.mjs'

/** Clients that were away come back in one moment, each as many events behind. */
export function runComeBack(run) {
  const { connections, missedCount, bytes } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    const lastEventId = await server.call('prepare', missedCount + 1, bytes)
    const idle = await server.call('memory')
    await load.call('connect', { port, count: connections })
    await load.call('expect', { first: 1, count: missedCount })
    await server.call('begin')
    await load.call('request', { path: '/events', lastEventId })
    await load.call('arrived', { timeoutMs: 60_000 })
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
