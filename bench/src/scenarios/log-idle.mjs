import { sleep } from '../clock.mjs'
import { withEngine } from './log-run.mjs'

const settleMs = 2_000
const notCounted = { connections: Number.NaN, commands: Number.NaN }

/** A process follows many channels on which nothing comes. */
export function runLogIdle(run) {
  const { contestant, channelCount, seconds } = run.settings
  return withEngine(run, async (stage) => {
    const follower = await stage.open(contestant, { isProfiled: true })
    const counts = stage.server.counts ?? (async () => notCounted)
    await follower.call('followMany', channelCount)
    await sleep(settleMs)
    const before = await counts()
    await follower.call('begin')
    await sleep(seconds * 1000)
    const { userUs, systemUs, elapsedMs } = await follower.call('end')
    const after = await counts()
    return {
      connections: after.connections,
      commands: (1000 * (after.commands - before.commands)) / elapsedMs,
      busy: (userUs + systemUs) / 10 / elapsedMs,
    }
  })
}
