import { sleep } from '../clock.mjs'
import { costOf } from './figures.mjs'
import { withPair } from './pair.mjs'

/** Connections on which nothing but heartbeats comes. */
export function runIdle(run) {
  const { connections, sse, seconds } = run.settings
  return withPair(run, async (pair) => {
    const { server, load } = pair
    const before = await server.call('memory')
    await pair.open({ count: connections })
    // The first round of heartbeats still compiles; what opening the connections left behind is collected.
    await sleep(1.3 * sse.heartbeatMs)
    const after = await server.call('memory')
    await load.call('countHeartbeats')
    await server.call('begin')
    await sleep(seconds * 1000)
    const spent = await server.call('end')
    const heartbeats = await load.call('received')
    // A fifth more or less from one to the next, and a loop that is late.
    const periods = (seconds * 1000) / sse.heartbeatMs
    await load.call('assertEachGot', { least: Math.floor(periods / 1.3) })
    const due = periods * connections
    if (heartbeats > 1.3 * due) throw new Error(`${heartbeats} heartbeats came; ${due} were due`)
    return {
      ...costOf(spent, heartbeats),
      perConnection: (after.used - before.used) / connections / 1024,
      residentPerConnection: (after.resident - before.resident) / connections / 1024,
    }
  })
}
