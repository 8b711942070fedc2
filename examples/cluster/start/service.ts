import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

const restartAfterMs = 1_000
const graceMs = 5_000

export interface ServiceOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Another user than this process's. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined
  /** How it is asked to end. */
  readonly signal?: 'SIGTERM' | 'SIGINT'
  /** Gets each line that it prints, and what becomes of it. */
  readonly print: (line: string) => void
  /** Called whenever it was started. */
  readonly started?: () => void
}

/** A program that is started again whenever it ends, as a service manager does it. */
export class Service {
  readonly name: string
  readonly #options: ServiceOptions
  #process: ChildProcess | undefined
  #isStopping = false

  constructor(options: ServiceOptions) {
    this.name = options.name
    this.#options = options
    this.#start()
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** As `kill -9` does. */
  kill(): void {
    this.#process?.kill('SIGKILL')
  }

  /** Asks it to end, and ends it if it does not. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(this.#options.signal ?? 'SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await exited
    clearTimeout(timer)
  }

  #start(): void {
    const { command, args, env, runAs, print } = this.#options
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...runAs,
    })
    this.#process = child
    for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', print)
    child.on('error', (error) => print(error.message))
    child.on('exit', (code, signal) => void this.#restart(signal ?? `code ${code}`))
    this.#options.started?.()
  }

  async #restart(how: string): Promise<void> {
    // A terminal's Ctrl-C ends all of its processes at once: time to hear of it here, too.
    await wait(restartAfterMs)
    if (this.#isStopping) return
    this.#options.print(`ended by ${how}; started again`)
    this.#start()
  }
}
