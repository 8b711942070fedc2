import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The first program of a README: what it has between the first fences that say `js`. */
export function readProgram(readme: string): string {
  const text = readFileSync(join(root, readme), 'utf8')
  const program = /```js\n([\s\S]*?)```/.exec(text)?.[1]
  if (program === undefined) throw new Error(`${readme} has no program.`)
  return program
}

/** Builds the packages, which programs use as their users do; does nothing where nothing has changed. */
export function buildPackages(): void {
  const build = spawnSync(process.execPath, ['scripts/build.mjs', '--if-changed'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (build.status !== 0) throw new Error(build.stderr)
}

/** A README's program that runs; it listens where the environment variable `PORT` says. */
export class RunningProgram {
  readonly url: string
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url
    this.#process = child
    this.#folder = folder
  }

  /**
   * Starts the first program of a README, in a process of its own; resolves when it answers.
   *
   * @param readme As a path from the root: `packages/express/README.md`.
   */
  static start(readme: string, env: Readonly<Record<string, string>> = {}): Promise<RunningProgram> {
    return RunningProgram.run(readProgram(readme), env)
  }

  /** Starts a program, in a process of its own; resolves when it answers. */
  static async run(code: string, env: Readonly<Record<string, string>> = {}): Promise<RunningProgram> {
    // Below node_modules, where the program finds the packages as a user's project does.
    const folder = mkdtempSync(join(root, 'node_modules', '.program-'))
    writeFileSync(join(folder, 'program.mjs'), code)
    const port = await freePort()
    const child = spawn(process.execPath, ['program.mjs'], {
      cwd: folder,
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const running = new RunningProgram(`http://127.0.0.1:${port}`, child, folder)
    try {
      await running.#isListening()
      return running
    } catch (error) {
      await running.stop()
      throw error
    }
  }

  /** Ends it, and removes what was written for it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Tries until the program answers or has ended. */
  async #isListening(): Promise<void> {
    while ((await fetch(this.url, { method: 'HEAD' }).catch(() => null)) === null) {
      if (this.#process.exitCode !== null) {
        throw new Error(`The program ended with ${this.#process.exitCode}.`)
      }
      await new Promise(setImmediate)
    }
  }
}
