import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PoolConfig } from 'pg'
import { freePort } from '../../../../test/support/free-port.ts'
import { give, runsAs } from './own-server.ts'

/** PgBouncer in front of a server, with `pool_mode = transaction`: each transaction may get another connection. */
export class PgBouncer {
  readonly #server: PoolConfig
  readonly #port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'rivulet-pgbouncer-'))
  #process: ChildProcess | undefined

  private constructor(server: PoolConfig, port: number) {
    this.#server = server
    this.#port = port
  }

  static async start(program: string, server: PoolConfig): Promise<PgBouncer> {
    const bouncer = new PgBouncer(server, await freePort())
    await bouncer.#start(program)
    return bouncer
  }

  /** How a pool connects through it. */
  get config(): PoolConfig {
    return { ...this.#server, host: '127.0.0.1', port: this.#port }
  }

  async dispose(): Promise<void> {
    const bouncer = this.#process
    if (bouncer !== undefined && bouncer.exitCode === null && bouncer.signalCode === null) {
      const exited = once(bouncer, 'exit')
      bouncer.kill('SIGKILL')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(program: string): Promise<void> {
    const { host, port, user, database } = this.#server
    const file = join(this.#folder, 'pgbouncer.ini')
    writeFileSync(
      file,
      `[databases]
${database} = host=${host} port=${port} user=${user} dbname=${database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${this.#port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_round_robin = 1
max_client_conn = 500
`,
    )
    give(this.#folder)
    const bouncer = spawn(program, [file], { stdio: ['ignore', 'ignore', 'pipe'], ...runsAs })
    this.#process = bouncer
    for await (const line of createInterface({ input: bouncer.stderr })) {
      if (!line.includes('process up')) continue
      bouncer.stderr.resume()
      return
    }
    throw new Error(`pgbouncer ended with ${bouncer.exitCode}.`)
  }
}
