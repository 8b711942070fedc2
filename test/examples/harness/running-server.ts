import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { userEnvironment } from '../../support/run-command.ts'

/** A template that runs: `npm start`, on a free port unless told otherwise. */
export class RunningServer {
  /** As it was printed, without a slash at its end. */
  readonly url: string
  readonly #npm: ChildProcess
  readonly #output: { stdout: string; stderr: string }

  private constructor(url: string, npm: ChildProcess, output: { stdout: string; stderr: string }) {
    this.url = url
    this.#npm = npm
    this.#output = output
  }

  static async start(folder: string, env: Readonly<Record<string, string>>): Promise<RunningServer> {
    const npm = spawn('npm', ['start'], {
      cwd: folder,
      env: { ...userEnvironment(), PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, which gets its signals as a terminal's does: npm, its shell and the program.
      detached: true,
    })
    const output = { stdout: '', stderr: '' }
    npm.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    const url = await new Promise<string>((resolve, reject) => {
      npm.stdout.setEncoding('utf8').on('data', (text: string) => {
        output.stdout += text
        const [printed] = /http:\/\/[\w.[\]:-]+:\d+/.exec(output.stdout) ?? []
        if (printed !== undefined) resolve(printed)
      })
      npm.on('error', reject)
      npm.on('close', (code) => {
        reject(new Error(`npm start ended with ${code}:\n${output.stdout}\n${output.stderr}`))
      })
    })
    return new RunningServer(url, npm, output)
  }

  /** What it printed so far. */
  get stdout(): string {
    return this.#output.stdout
  }

  /** What it complained of so far, but for what npm itself has to say. */
  get stderr(): string {
    return this.#output.stderr.replace(/^npm .*\n/gm, '')
  }

  /** The port that it listens on, to start another one there. */
  get port(): string {
    return new URL(this.url).port
  }

  /** Ctrl-C; resolves when npm, its shell and the program are gone. */
  async stop(): Promise<void> {
    await this.#end('SIGINT')
  }

  /** As when the power is cut. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const { pid, exitCode, signalCode } = this.#npm
    if (pid === undefined || !isAlive(pid)) return
    // Closed once every process that holds its output is gone, the program included.
    const closed = exitCode === null && signalCode === null ? once(this.#npm, 'close') : undefined
    process.kill(-pid, signal)
    await closed
  }
}

/** Whether a process of this group is left. */
function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}
