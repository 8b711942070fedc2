import { sleep } from '../clock.mjs'
import { withEngine } from './log-run.mjs'

const settleMs = 2_000
const notCounted = { connections: Number.NaN, commands: Number.NaN }

/** Of the channels, so many are looked at: whether what comes on them is heard. */
const triedCount = 20

/** A process follows many channels on which nothing comes. */
export function runLogIdle(run) {
  const { contestant, channelCount, seconds } = run.settings
  return withEngine(run, async (stage) => {
    const follower = await stage.open(contestant, { isProfiled: true })
    const counts = stage.server.counts ?? (async () => notCounted)
    await follower.call('followMany', channelCount)
    await sleep(settleMs)
    const before = await counts()
    await follower.call('begin', { isQuiet: true })
    await sleep(seconds * 1000)
    const { userUs, systemUs, elapsedMs } = await follower.call('end')
    const after = await counts()
    await assertFollows(follower, await stage.open(contestant, { core: 1 }), channelCount)
    return {
      connections: after.connections,
      commands: (1000 * (after.commands - before.commands)) / elapsedMs,
      busy: (userUs + systemUs) / 10 / elapsedMs,
    }
  })
}

async function assertFollows(follower, publisher, channelCount) {
  const places = Array.from({ length: triedCount }, (_, n) => Math.floor((n * channelCount) / triedCount))
  await follower.call('heard', 0)
  await publisher.call('appendToFollowed', places)
  await follower.call('heard', triedCount)
}
