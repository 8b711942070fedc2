import { machineNow } from '../clock.mjs'
import { costOf } from './figures.mjs'
import { withPair } from './pair.mjs'

/** One connection gets many small events as fast as it takes them. */
export function runTokens(run) {
  const { tokenCount } = run.settings
  return withPair(run, async ({ server, load, port }) => {
    await load.call('connect', { port, count: 1 })
    await load.call('expect', { first: 0, count: tokenCount })
    await server.call('begin')
    const startedAt = machineNow()
    await load.call('request', { path: `/tokens?count=${tokenCount}` })
    const arrived = await load.call('arrived', { timeoutMs: 60_000 })
    const spent = await server.call('end')
    return {
      rate: (tokenCount / (spent.userUs + spent.systemUs)) * 1000,
      ...costOf(spent, tokenCount),
      perSecond: tokenCount / (arrived.at(-1) - startedAt),
    }
  })
}
