import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** Lets the process that started this one call `methods` by name. */
export function answerCalls(methods) {
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, result: await methods[method](...args) })
    } catch (error) {
      process.send({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
}

/** A command line as `spawn` takes it, to run on one core where the machine lets one choose. */
export function pinned(core, commandLine) {
  const [command, ...args] = canPin ? ['taskset', '--cpu-list', String(core), ...commandLine] : commandLine
  return [command, args]
}

/** A process of its own, on a core of its own where the machine lets one choose. */
export class Child {
  #process
  #nextId = 1
  #waiting = new Map()

  /**
   * @param {string} script Path from this folder.
   * @param {{ core: number | string, nodeOptions?: string[] }} options
   */
  constructor(script, { core, nodeOptions = [] }) {
    const node = [process.execPath, ...nodeOptions, fileURLToPath(new URL(script, import.meta.url))]
    this.#process = spawn(...pinned(core, node), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#process.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) resolve(result)
      else reject(new Error(error))
    })
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${script} ended early (${signal ?? code})`))
    })
  }

  call(method, ...args) {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process.send({ id, method, args })
    })
  }

  /** Ends it by hanging up, so that profilers can still write what they have. */
  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    const deadline = setTimeout(() => this.#process.kill('SIGKILL'), 5_000)
    if (this.#process.connected) this.#process.disconnect()
    await ended
    clearTimeout(deadline)
  }
}
