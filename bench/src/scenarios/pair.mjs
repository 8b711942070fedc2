import { Child } from '../calls.mjs'
import { sleep } from '../clock.mjs'
import { profilesOf } from '../profiling.mjs'

/** Time for what a server still does after its last client was answered. */
const settleMs = 300
const patienceMs = 90_000

/**
 * Starts a server and a load, each in a process and on a core of its own, and ends both when `work` is done.
 *
 * @template T
 * @param {{ contestant: string, settings: object }} run
 * @param {(pair: Pair) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withPair(run, work) {
  return withPairs([run], ([pair]) => work(pair))
}

/**
 * The same with a server for each run, all on one core and with one load: for work in which they take turns.
 *
 * @template T
 * @param {readonly { contestant: string, settings: object }[]} runs
 * @param {(pairs: Pair[]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withPairs(runs, work) {
  const load = new Child('load/main.mjs', { core: 1 })
  const children = [load]
  try {
    const pairs = []
    for (const { contestant, settings } of runs) {
      const server = new Child('server/main.mjs', { core: 0, nodeOptions: ['--expose-gc'] })
      children.push(server)
      await server.call('profile', profilesOf(contestant))
      const port = await server.call('start', contestant, settings)
      pairs.push(new Pair(server, load, port))
    }
    return await work(pairs)
  } finally {
    for (const child of children) await child.stop()
  }
}

class Pair {
  constructor(server, load, port) {
    this.server = server
    this.load = load
    this.port = port
  }

  /** Opens streams and waits until they are open. */
  async open({ count, path = '/events', topics = false, unreadCount = 0 }) {
    const { load, port } = this
    await load.call('connect', { port, count })
    await load.call('request', { path, topics })
    await load.call('answered')
    if (unreadCount > 0) await load.call('freeze', { port, count: unreadCount, path })
    await sleep(settleMs)
  }

  /** Publishes and waits until everything arrived. `perReader`: how many each connection gets, where not all. */
  async publish(plan, perReader = plan.count) {
    const isDense = perReader === plan.count
    await this.load.call('expect', { first: plan.first, count: perReader, isDense })
    const published = await this.server.call('publish', plan)
    return { published, arrived: await this.load.call('arrived', { timeoutMs: patienceMs }) }
  }
}
