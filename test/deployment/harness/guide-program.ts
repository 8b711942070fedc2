import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/free-port.ts'
import { guideBlock } from './production-guide.ts'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Builds the packages: the guide's programs run what users install. */
export function buildPackages(): void {
  const build = spawnSync(process.execPath, ['scripts/build.mjs', '--if-changed'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (build.status !== 0) throw new Error(build.stderr)
}

/** A folder with blocks of the guide as files, where they find the packages as a user's project does. */
export function guideFolder(...names: string[]): string {
  const folder = mkdtempSync(join(root, 'node_modules', '.production-'))
  for (const name of names) writeFileSync(join(folder, name), guideBlock(name))
  return folder
}

/** How a process ended. */
export interface ProgramEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Since it was asked to. */
  readonly afterMs: number
}

const opened = new Set<GuideProgram>()

afterEach(async () => {
  for (const program of opened) await program.dispose()
})

/** A server program of the guide as it stands there, in a process on a port of its own. */
export class GuideProgram {
  readonly port: number
  readonly #name: string
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  #process: ChildProcess | undefined

  private constructor(name: string, port: number, env: Readonly<Record<string, string>>) {
    this.#name = name
    this.#folder = guideFolder(name)
    this.port = port
    this.#env = env
    opened.add(this)
  }

  static async start(name: string, env: Readonly<Record<string, string>>): Promise<GuideProgram> {
    const program = new GuideProgram(name, await freePort(), env)
    await program.start()
    return program
  }

  /** Resolves once it says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [this.#name], {
      cwd: this.#folder,
      env: { ...process.env, ...this.#env, PORT: String(this.port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#process = child
    await until(async () => {
      if (hasEnded(child)) throw new Error(`${this.#name} ended with ${child.exitCode ?? child.signalCode}.`)
      const answer = await fetch(`http://127.0.0.1:${this.port}/ready`).catch(() => null)
      return answer?.ok === true
    }, `${this.#name} to be ready`)
  }

  /** Asks it to end, and tells how it did. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<ProgramEnd> {
    const child = this.#process
    if (child === undefined || hasEnded(child)) throw new Error(`${this.#name} does not run.`)
    const since = performance.now()
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    return { code: child.exitCode, signal: child.signalCode, afterMs: performance.now() - since }
  }

  async dispose(): Promise<void> {
    opened.delete(this)
    if (this.#process !== undefined && !hasEnded(this.#process)) await this.end('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
