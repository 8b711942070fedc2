import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Position } from '@rivulet/core'

/** What became of one append of another process. */
export interface Stored {
  readonly data: string
  readonly position: Position
}

interface Settings {
  readonly file: string
  /** Another Node to run it with. */
  readonly node?: string
}

/** A process of its own with a log over the same file, that may be killed at any moment. */
export class LogProcess {
  /** What it has been told is stored, in the order in which it was. */
  readonly stored: Stored[] = []
  readonly #process: ChildProcess
  #wake = () => {}

  private constructor(process: ChildProcess) {
    this.#process = process
    process.on('message', (stored: Stored) => {
      this.stored.push(stored)
      this.#wake()
    })
  }

  static async start({ file, node = process.execPath }: Settings): Promise<LogProcess> {
    const program = join(__dirname, 'log-process.mjs')
    const child = fork(program, [file], {
      execArgv: [],
      execPath: node,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    return new LogProcess(child)
  }

  /** Appends so many entries, `width` of them at a time. */
  append(options: {
    channel: string
    prefix: string
    count: number
    width: number
    idempotencyKey?: string
  }): void {
    this.#process.send(options)
  }

  /** Resolves once it has been told of so many. */
  async untilStored(count: number): Promise<void> {
    while (this.stored.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Ends it as a crash does. What it was told before has been heard then. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const closed = once(this.#process, 'close')
    this.#process.kill('SIGKILL')
    await closed
  }
}
