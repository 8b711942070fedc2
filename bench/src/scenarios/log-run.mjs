import { Child } from '../calls.mjs'
import { engineNamed, engines } from '../engines/index.mjs'
import { profilesOf } from '../profiling.mjs'

/** The engines that can be measured here. */
export const available = engines.filter(({ missing }) => missing() === null)

/** Lines for those that can't. */
export function skippedEngines() {
  return engines.flatMap(({ name, missing }) => (missing() === null ? [] : [`SKIPPED ${name}: ${missing()}`]))
}

/**
 * Starts an engine's server, on the second core, and ends it and all processes opened when `work` is done.
 *
 * @template T
 * @param {{ settings: { engine: string, server?: string } }} run
 * @param {(stage: Stage) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withEngine({ settings }, work) {
  const engine = engineNamed(settings.engine)
  const server = await engine.servers[settings.server ?? Object.keys(engine.servers)[0]]()
  const stage = new Stage(settings.engine, server)
  try {
    return await work(stage)
  } finally {
    await stage.stop()
    await server.stop()
  }
}

class Stage {
  #engine
  #children = []

  constructor(engine, server) {
    this.#engine = engine
    this.server = server
  }

  /**
   * A process of its own that uses the engine.
   *
   * @param {string} contestant Label of Rivulet or a driver alone.
   * @param {{ core?: number | string, channel?: string, isLogAlone?: boolean, isProfiled?: boolean }} [options] `core`: 0, which no server is on, unless told
   *   otherwise; several as `taskset` takes them. `isLogAlone`: Rivulet's log without a channel. `isProfiled`: from `begin` to `end`, where profiles are wanted.
   */
  async open(contestant, { core = 0, channel = 'bench', isLogAlone = false, isProfiled = false } = {}) {
    const child = this.#start('engines/worker/main.mjs', core)
    const { address } = this.server
    await child.call('profile', isProfiled ? profilesOf(contestant.replaceAll(/\W+/g, '-')) : [])
    await child.call('open', { engine: this.#engine, contestant, address, channel, isLogAlone })
    return child
  }

  /** A process of clients. */
  openLoad() {
    return this.#start('load/main.mjs', 0)
  }

  async stop() {
    await Promise.all(this.#children.map((child) => child.stop()))
  }

  #start(script, core) {
    const child = new Child(script, { core })
    this.#children.push(child)
    return child
  }
}
