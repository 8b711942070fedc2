import { costOf, mebibyte } from './figures.mjs'
import { withPair } from './pair.mjs'

const refusal = { status: 503, text: '' }

/** A server that has all the streams it wants, and thousands who ask for one nevertheless. */
async function runLimits(run) {
  const { sse, openings, atOnce, bytes } = run.settings
  return withPair(run, async (pair) => {
    const { server, load, port } = pair
    const flood = (count) =>
      load.call('openAndClose', { port, path: '/events', count, atOnce, wanted: refusal })
    await pair.open({ count: sse.limits.maxStreams })
    await flood(openings / 5)
    const before = await server.call('memory')
    await server.call('begin')
    await flood(openings)
    const spent = await server.call('end')
    const after = await server.call('memory')
    // Those who are there go on: it fails unless each of them gets this.
    await pair.publish({ first: 0, count: 10, burst: 1, intervalMs: 20, bytes })
    return {
      delayP99: spent.delayP99Ms,
      delayMax: spent.delayMaxMs,
      ...costOf(spent, openings),
      perSecond: (openings / spent.elapsedMs) * 1_000,
      keptMemory: (after.used - before.used) / mebibyte,
    }
  })
}

/** As `index.mjs` describes scenarios. */
export const limitScenarios = [
  {
    name: 'limits',
    title: 'Limits: 1,000 streams of 1,000, and 10,000 more that are refused; per refusal',
    columns: {
      delayP99: 'loop delay p99 ms',
      delayMax: 'loop delay max ms',
      cpu: 'CPU µs',
      user: 'user µs',
      perSecond: 'per second',
      keptMemory: 'kept memory MiB',
    },
    run: runLimits,
    runs: () =>
      ['full-express', 'rivulet-core', 'rivulet-express', 'rivulet-fastify'].map((contestant) => ({
        label: contestant,
        contestant,
        settings: { sse: { limits: { maxStreams: 1_000 } }, openings: 10_000, atOnce: 200, bytes: 200 },
      })),
    bars: [
      { of: 'rivulet-express', figure: 'delayP99', against: 'full-express', atMost: 1.5 },
      { figure: 'keptMemory', atMost: 4 },
    ],
  },
]
