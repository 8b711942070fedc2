import { sleep } from '../clock.mjs'
import { percentile } from '../statistics.mjs'
import { withEngine } from './log-run.mjs'

const warmUpCount = 20
/** A contestant's events are sent in so many pieces, and all take turns: what else the machine does falls on all of them. */
const sliceCount = 5
const settleMs = 300
const patienceMs = 10_000

/**
 * From `publish()` in one process to the event at a client of another: a stream on a raw socket. With the driver alone it is the
 * same append by hand, and arrives where the driver tells the other process of it, by what the engine has for that.
 *
 * @param {readonly object[]} runs All contestants of one engine at one pace.
 * @returns {Promise<Map<string, Record<string, number>>>} By label.
 */
export function runLogLatency(runs) {
  return withEngine(runs[0], async (stage) => {
    const entrants = []
    for (const run of runs) entrants.push(await enter(stage, run))
    for (const entrant of entrants) await deliver(entrant, warmUpCount, 100)
    for (const { listener, delays } of entrants) {
      delays.length = 0
      await listener.call('begin')
    }
    for (let slice = 0; slice < sliceCount; slice += 1) {
      for (let place = 0; place < entrants.length; place += 1) {
        const entrant = entrants[(place + slice) % entrants.length]
        const { eventsPerSecond, seconds } = entrant.settings
        const count = Math.max(2, Math.round((eventsPerSecond * seconds) / sliceCount))
        await deliver(entrant, count, eventsPerSecond)
      }
    }
    for (const { listener } of entrants) await listener.call('end')
    return new Map(entrants.map(({ label, delays }) => [label, latencyOf(delays)]))
  })
}

async function enter(stage, { label, settings }) {
  const { contestant, isRivulet } = settings
  const publisher = await stage.open(contestant, { channel: label })
  const listener = await stage.open(contestant, { channel: label, core: 1, isProfiled: true })
  const receiver = isRivulet ? await openClient(stage, listener) : listener
  if (!isRivulet) await listener.call('listen')
  return { label, settings, publisher, listener, receiver, first: 0, delays: [] }
}

async function deliver(entrant, count, eventsPerSecond) {
  const { settings, publisher, receiver, first, delays } = entrant
  const { bytes } = settings
  const plan = { first, count, batch: 1, intervalMs: 1000 / eventsPerSecond, bytes }
  await receiver.call('expect', { first, count })
  const { given } = await publisher.call('appendPaced', plan)
  const arrived = await receiver.call('arrived', { timeoutMs: patienceMs })
  for (let n = 0; n < count; n += 1) delays.push(arrived[n] - given[n])
  entrant.first += count
}

function latencyOf(delays) {
  return { deliveryP50: percentile(delays, 0.5), deliveryP99: percentile(delays, 0.99) }
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
