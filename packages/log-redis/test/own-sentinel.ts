import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { freePort } from '../../../test/support/free-port.ts'

/** What sentinels call the primary and its replicas. */
const primaryName = 'events'

/** Three sentinels that watch a primary: two of them have to agree that it is gone. */
export class OwnSentinels {
  readonly ports: readonly number[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'rivulet-sentinel-'))
  readonly #processes: ChildProcess[] = []

  private constructor(ports: readonly number[]) {
    this.ports = ports
  }

  /** @param program Path of `redis-server`. Resolves when they know each other and the one replica. */
  static async start(program: string, primaryPort: number): Promise<OwnSentinels> {
    const ports = [await freePort(), await freePort(), await freePort()]
    const sentinels = new OwnSentinels(ports)
    await Promise.all(ports.map((port) => sentinels.#start(program, port, primaryPort)))
    await Promise.all(ports.map((port) => untilComplete(port)))
    return sentinels
  }

  /** A client as a user has it, connected to whatever is the primary. */
  client(): Redis {
    const sentinels = this.ports.map((port) => ({ host: '127.0.0.1', port }))
    const client = new Redis({
      sentinels,
      name: primaryName,
      sentinelRetryStrategy: () => 100,
      disconnectTimeout: 100,
    })
    client.on('error', () => {})
    return client
  }

  async dispose(): Promise<void> {
    for (const sentinel of this.#processes) {
      const exited = once(sentinel, 'exit')
      sentinel.kill('SIGKILL')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(program: string, port: number, primaryPort: number): Promise<void> {
    const file = join(this.#folder, `${port}.conf`)
    // It writes what it learns into the file.
    writeFileSync(
      file,
      `port ${port}
bind 127.0.0.1
dir ${this.#folder}
sentinel monitor ${primaryName} 127.0.0.1 ${primaryPort} 2
sentinel down-after-milliseconds ${primaryName} 1000
sentinel failover-timeout ${primaryName} 5000
`,
    )
    const sentinel = spawn(program, [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#processes.push(sentinel)
    for await (const line of createInterface({ input: sentinel.stdout })) {
      if (!line.includes('+monitor')) continue
      sentinel.stdout.resume()
      return
    }
    throw new Error(`The sentinel ended with ${sentinel.exitCode}.`)
  }
}

async function untilComplete(port: number): Promise<void> {
  const admin = new Redis({ port })
  try {
    for (;;) {
      const [replicas, others] = await Promise.all(
        ['replicas', 'sentinels'].map((what) => admin.call('SENTINEL', what, primaryName)),
      )
      if (Array.isArray(replicas) && replicas.length === 1 && Array.isArray(others) && others.length === 2)
        return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  } finally {
    admin.disconnect()
  }
}
