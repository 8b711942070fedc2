import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../../../test/support/free-port.ts'

/** A NATS server that a test may kill, fill and misconfigure, with a store of its own. */
export class OwnServer {
  readonly port: number
  readonly folder = mkdtempSync(join(tmpdir(), 'rivulet-nats-'))
  readonly #program: string
  readonly #settings: string
  #process: ChildProcess | undefined

  private constructor(program: string, port: number, settings: string) {
    this.#program = program
    this.port = port
    this.#settings = settings
  }

  /** @param settings More of a configuration file; without a `jetstream` in it, JetStream is enabled. */
  static async start(program: string, settings = ''): Promise<OwnServer> {
    const server = new OwnServer(program, await freePort(), settings)
    try {
      await server.start()
      return server
    } catch (error) {
      await server.dispose()
      throw error
    }
  }

  /** Several that make one cluster; resolves when JetStream works on it. */
  static async startCluster(program: string, size: number): Promise<OwnServer[]> {
    const ports: number[] = []
    while (ports.length < size) ports.push(await freePort())
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ')
    return Promise.all(
      ports.map((port, index) => {
        const name = `server-${index}`
        const cluster = `cluster { name: test, host: 127.0.0.1, port: ${port}, routes: [${routes}] }`
        return OwnServer.start(program, `server_name: ${name}\n${cluster}`)
      }),
    )
  }

  /** As the server names itself to its cluster. */
  get name(): string {
    return /^server_name: (.*)$/m.exec(this.#settings)?.[1] ?? ''
  }

  get storeFolder(): string {
    return join(this.folder, 'store')
  }

  /** Starts it, again after a kill; resolves when it answers. */
  async start(): Promise<void> {
    const jetStream = this.#settings.includes('jetstream')
      ? ''
      : `jetstream { store_dir: ${JSON.stringify(this.storeFolder)} }`
    const file = join(this.folder, 'server.conf')
    writeFileSync(file, `host: 127.0.0.1\nport: ${this.port}\n${jetStream}\n${this.#settings}\n`)
    const server = spawn(this.#program, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = server
    const lines: string[] = []
    for await (const line of createInterface({ input: server.stderr })) {
      lines.push(line)
      if (line.includes('Server is ready')) {
        server.stderr.resume()
        return
      }
    }
    throw new Error(`nats-server ended with ${server.exitCode}: ${lines.join('\n')}`)
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const server = this.#process
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  /** Stops it as a machine that hangs does, until it is continued; resolves when none of its threads runs any more. */
  async freeze(): Promise<void> {
    const server = this.#process
    server?.kill('SIGSTOP')
    const threads = `/proc/${server?.pid}/task`
    if (!existsSync(threads)) return
    const isRunning = (thread: string) =>
      !/^State:\s+T/m.test(readFileSync(join(threads, thread, 'status'), 'utf8'))
    while (readdirSync(threads).some(isRunning)) await new Promise(setImmediate)
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async dispose(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
