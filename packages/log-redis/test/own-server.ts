import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../../test/support/free-port.ts'

/** A Redis server that a test may kill, flush and misconfigure, with a data folder of its own. */
export class OwnServer {
  readonly port: number
  readonly #program: string
  readonly #settings: readonly string[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'rivulet-redis-'))
  #process: ChildProcess | undefined

  private constructor(program: string, port: number, settings: readonly string[]) {
    this.#program = program
    this.port = port
    this.#settings = settings
  }

  /** @param settings As on the command line: `'--appendonly', 'yes'`. */
  static async start(program: string, ...settings: string[]): Promise<OwnServer> {
    const server = new OwnServer(program, await freePort(), settings)
    await server.start()
    return server
  }

  /** Starts it, again after a kill; resolves when it answers. */
  async start(): Promise<void> {
    const settings = [
      ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''],
      // Replicas are copied to at once, not after five seconds.
      ...['--repl-diskless-sync-delay', '0'],
    ]
    const server = spawn(this.#program, [...settings, ...this.#settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = server
    for await (const line of createInterface({ input: server.stdout })) {
      if (line.includes('Ready to accept connections')) {
        server.stdout.resume()
        return
      }
    }
    throw new Error(`redis-server ended with ${server.exitCode}.`)
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const server = this.#process
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  /** After a kill: what a crash of the machine takes of the append-only file where not every write waits for the disk. */
  loseTail(byteCount: number): void {
    const folder = join(this.#folder, 'appendonlydir')
    const file = join(folder, readdirSync(folder).find((each) => each.endsWith('.incr.aof')) ?? '')
    truncateSync(file, statSync(file).size - byteCount)
  }

  async dispose(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export { freePort }
