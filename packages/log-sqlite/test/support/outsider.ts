import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

interface Answer {
  readonly rows?: readonly Record<string, unknown>[]
  readonly error?: string
}

/** Another process that has a database file open, as a shell or a backup program has. */
export class Outsider {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  static async start(file: string): Promise<Outsider> {
    const child = fork(join(__dirname, 'outsider-process.cjs'), [file], { execArgv: [] })
    await once(child, 'message')
    return new Outsider(child)
  }

  /** Runs statements, and gives the rows of a single one. */
  async run(sql: string): Promise<readonly Record<string, unknown>[]> {
    this.#process.send(sql)
    const [answer] = (await once(this.#process, 'message')) as [Answer] // as outsider-process.cjs sends it
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.rows ?? []
  }

  /** Kills it, with whatever it has begun. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}
