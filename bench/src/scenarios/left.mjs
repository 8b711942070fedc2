import { sleep } from '../clock.mjs'
import { named } from '../contestants/index.mjs'
import { spread } from '../report/summary.mjs'
import { costOf } from './figures.mjs'
import { withPair } from './pair.mjs'

/** What a server keeps of a stream that is gone, it will have of each: so much is no noise any more. */
export const leakKiB = 0.25
const settleMs = 1_000

/** Streams that are opened and hung up, and the memory that the server has before and after. */
export function runLeft(run) {
  const { openings, atOnce } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    const openAll = async () => {
      await load.call('openAndClose', { port, path: '/events', count: openings, atOnce })
      await sleep(settleMs)
    }
    // What compiling, pools and caches take is there afterwards.
    await openAll()
    const before = await server.call('memory')
    await server.call('begin', { isQuiet: true })
    await openAll()
    const spent = await server.call('end')
    const after = await server.call('memory')
    return { keptPerStream: (after.used - before.used) / openings / 1024, ...costOf(spent, openings) }
  })
}

/** A line for each that keeps something of every stream. */
export function keepersIn(results) {
  return [...results.keys()].flatMap((label) => {
    const { median } = spread(results, label, 'keptPerStream')
    return median > leakKiB
      ? [`KEEPS   ${named(label)}: ${median.toFixed(1)} KiB of each stream that is gone`]
      : []
  })
}
