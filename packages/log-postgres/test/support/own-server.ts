import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PoolConfig } from 'pg'
import { freePort } from '../../../../test/support/free-port.ts'

export interface OwnServerOptions {
  /** Settings as of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** A line for pg_hba.conf in place of trusting everybody. */
  readonly access?: string
  /** Where the data goes, in place of a folder among the temporary ones. */
  readonly folder?: string
}

/** PostgreSQL and PgBouncer refuse to run as root; tests in containers often do. */
export const runsAs = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}

function idOf(what: string): number {
  return Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }))
}

/** A PostgreSQL server that a test may kill, fill and misconfigure, with a data folder of its own. */
export class OwnServer {
  readonly port: number
  readonly #program: string
  readonly #options: OwnServerOptions
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(program: string, port: number, options: OwnServerOptions) {
    // The others are beside it, which may not be where a link to it is.
    this.#program = realpathSync(program)
    this.port = port
    this.#options = options
    this.#folder = mkdtempSync(join(options.folder ?? tmpdir(), 'rivulet-postgres-'))
    give(this.#folder)
  }

  /** @param program Path of `postgres`; `initdb` is beside it. */
  static async start(program: string, options: OwnServerOptions = {}): Promise<OwnServer> {
    const server = new OwnServer(program, await freePort(), options)
    const { access = 'host all,replication all 127.0.0.1/32 trust' } = options
    execFileSync(
      join(dirname(server.#program), 'initdb'),
      ['-D', server.#data, '-U', 'tester', '-E', 'UTF8', '--locale=C', '--no-sync', '--auth=trust'],
      { stdio: ['ignore', 'ignore', 'inherit'], ...runsAs },
    )
    writeFileSync(join(server.#data, 'pg_hba.conf'), `${access}\n`)
    await server.start()
    return server
  }

  /** Copies this server, which goes on, to another one that follows it as a hot standby. */
  async startStandby(): Promise<OwnServer> {
    const standby = new OwnServer(this.#program, await freePort(), this.#options)
    const { host, user } = this.config
    const source = `host=${host} port=${this.port} user=${user}`
    // -R writes where to follow, and that it is a standby.
    execFileSync(
      join(dirname(this.#program), 'pg_basebackup'),
      ['-D', standby.#data, '-d', source, '-R', '--no-sync', '--checkpoint=fast'],
      { stdio: ['ignore', 'ignore', 'inherit'], ...runsAs },
    )
    await standby.start()
    return standby
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  /** How a pool connects to it. */
  get config(): PoolConfig {
    return { host: '127.0.0.1', port: this.port, user: 'tester', database: 'postgres' }
  }

  /** Starts it, again after a kill; resolves when it takes connections. */
  async start(): Promise<void> {
    // What a server that was killed leaves of its memory is given free by its processes one after the other.
    for (let attempt = 1; !(await this.#tryToStart()); attempt += 1) {
      if (attempt === 100) throw new Error('postgres does not start.')
    }
  }

  async #tryToStart(): Promise<boolean> {
    const { settings = {} } = this.#options
    const all = {
      port: String(this.port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      logging_collector: 'off',
      ...settings,
    }
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = spawn(this.#program, ['-D', this.#data, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...runsAs,
    })
    this.#process = server
    for await (const line of createInterface({ input: server.stderr })) {
      if (!/ready to accept (?:read.only )?connections/.test(line)) continue
      server.stderr.resume()
      return true
    }
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    return false
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const server = this.#process
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  /** Stops it, runs something on its folder, and starts it again. */
  async whileStopped(work: (data: string) => void): Promise<void> {
    const server = this.#process
    if (server === undefined) throw new Error('It does not run.')
    const exited = once(server, 'exit')
    server.kill('SIGINT')
    await exited
    work(this.#data)
    await this.start()
  }

  /** Copies its data elsewhere; it has to be stopped. */
  backUp(data: string): void {
    cpSync(data, this.#backup, { recursive: true, preserveTimestamps: true })
    execFileSync('chown', ['-R', `--reference=${this.#folder}`, this.#backup])
  }

  /** Puts the copy in the place of its data; it has to be stopped. */
  restore(data: string): void {
    rmSync(data, { recursive: true })
    execFileSync('cp', ['-a', this.#backup, data])
  }

  get #backup(): string {
    return join(this.#folder, 'backup')
  }

  async dispose(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

/** Makes a folder that servers may write to. */
export function makeFolder(path: string): void {
  mkdirSync(path)
  give(path)
}

/** Lets the user that servers run as have a folder. */
export function give(folder: string): void {
  if (runsAs.uid !== undefined) chownSync(folder, runsAs.uid, runsAs.gid)
  chmodSync(folder, 0o700)
}
