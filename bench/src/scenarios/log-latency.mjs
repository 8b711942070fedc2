import { sleep } from '../clock.mjs'
import { deliveryOf } from './figures.mjs'
import { withEngine } from './log-run.mjs'

const warmUpCount = 20
const settleMs = 300
const patienceMs = 10_000

/**
 * From `publish()` in one process to the event at a client of another: a stream on a raw socket. With the driver alone it is the
 * same append by hand, and arrives where the driver tells the other process of it, by what the engine has for that.
 */
export function runLogLatency(run) {
  const { contestant, isRivulet, eventsPerSecond, seconds, bytes } = run.settings
  return withEngine(run, async (stage) => {
    const publisher = await stage.open(contestant)
    const listener = await stage.open(contestant, { core: 1, isProfiled: true })
    const receiver = isRivulet ? await openClient(stage, listener) : listener
    if (!isRivulet) await listener.call('listen')
    const deliver = async (first, count, intervalMs) => {
      await receiver.call('expect', { first, count })
      const published = await publisher.call('appendPaced', { first, count, batch: 1, intervalMs, bytes })
      return { published, arrived: await receiver.call('arrived', { timeoutMs: patienceMs }) }
    }
    await deliver(0, warmUpCount, 10)
    await sleep(settleMs)
    const count = Math.max(10, Math.round(eventsPerSecond * seconds))
    return deliveryOf(await deliver(warmUpCount, count, 1000 / eventsPerSecond))
  })
}

/** A client with one open stream of the process that serves. */
async function openClient(stage, server) {
  const load = stage.openLoad()
  const port = await server.call('serve')
  await load.call('connect', { port, count: 1 })
  await load.call('request', { path: '/events' })
  await load.call('answered')
  await sleep(settleMs)
  return load
}
