import { costOf } from './figures.mjs'
import { withPair } from './pair.mjs'

/** Connections that are opened, answered and hung up by their clients. */
export function runOpening(run) {
  const { openings, atOnce } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    const open = (count) => load.call('openAndClose', { port, path: '/open', count, atOnce })
    // As many before: below that it is compiling that is measured, of which those have most that do most.
    await open(openings)
    await server.call('begin')
    await open(openings)
    const spent = await server.call('end')
    return {
      rate: (openings / (spent.userUs + spent.systemUs)) * 1e6,
      ...costOf(spent, openings),
      perSecond: (openings / spent.elapsedMs) * 1000,
    }
  })
}
