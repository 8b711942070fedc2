import { Child } from '../calls.mjs'
import { profilingOptions } from '../profiling.mjs'

/**
 * Starts a server and a load, each in a process and on a core of its own, and ends both when `work` is done.
 *
 * @template T
 * @param {{ contestant: string, settings: object }} run
 * @param {(pair: { server: Child, load: Child, port: number }) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withPair({ contestant, settings }, work) {
  const server = new Child('server/main.mjs', {
    core: 0,
    nodeOptions: ['--expose-gc', ...profilingOptions(contestant)],
  })
  const load = new Child('load/main.mjs', { core: 1 })
  try {
    const port = await server.call('start', contestant, settings)
    return await work({ server, load, port })
  } finally {
    await load.stop()
    await server.stop()
  }
}
