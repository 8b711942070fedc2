import { sleep } from '../clock.mjs'
import { percentile } from '../statistics.mjs'
import { costOf } from './figures.mjs'
import { withEngine } from './log-run.mjs'

/** What the engine takes is tried for so long. */
const trialSeconds = 1
/** Part of what the engine takes, which leaves it time to be read. */
const loadShare = 0.8
const patienceMs = 30_000
const settleMs = 500

/**
 * A process follows a channel to which another appends as fast as `eventsPerSecond` says, in batches, by the driver alone; where the
 * engine takes fewer, as many as it takes.
 */
export function runLogFollow(run) {
  const { contestant, bare, eventsPerSecond, batch, seconds, bytes } = run.settings
  return withEngine(run, async (stage) => {
    const highest = await highestRate(await stage.open(bare, { core: 1, channel: 'trial' }), { batch, bytes })
    const rate = Math.min(eventsPerSecond, highest * loadShare)
    const loader = await stage.open(bare, { core: 1 })
    const follower = await stage.open(contestant, { isProfiled: true })
    await follower.call('listen')
    await sleep(settleMs)
    const count = Math.round((rate * seconds) / batch) * batch
    await follower.call('expect', { first: 0, count })
    await follower.call('begin')
    const intervalMs = (1000 * batch) / rate
    const { given, answered } = await loader.call('appendPaced', {
      first: 0,
      count,
      batch,
      intervalMs,
      bytes,
    })
    const arrived = await follower.call('arrived', { timeoutMs: patienceMs })
    const spent = await follower.call('end')
    // What waits in front of the engine is not the follower's, who may have it before the engine answers.
    const lags = arrived.map((at, n) => Math.max(at - answered[n], 0))
    return {
      rate: (1000 * count) / (arrived.at(-1) - given[0]),
      loadRate: (1000 * count) / (answered.at(-1) - given[0]),
      lagP50: percentile(lags, 0.5),
      lagP99: percentile(lags, 0.99),
      lagAtEnd: percentile(lags.subarray(-batch), 0.5),
      ...costOf(spent, count),
      busy: (spent.userUs + spent.systemUs) / 10 / spent.elapsedMs,
    }
  })
}

/** Events a second that the engine takes in such batches, one after the other. */
async function highestRate(loader, { batch, bytes }) {
  const plan = { publishers: 1, batch, seconds: trialSeconds, bytes }
  const { count, elapsedMs } = await loader.call('appendFlatOut', plan)
  return (1000 * count) / elapsedMs
}
