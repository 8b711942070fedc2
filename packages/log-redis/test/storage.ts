import { randomUUID } from 'node:crypto'
import type { EventLog } from '@rivulet/core'
import { Redis } from 'ioredis'
import { createRedisLog, type RedisLogOptions } from '../src/index.ts'
import type { OpenClient, UserClient } from './clients.ts'
import { rollBack } from './roll-back.ts'

export const sharedPort = 6379

/** Keys of one test on a server, the logs over them, and a connection to look at them and to do damage. */
export class Storage {
  readonly prefix = `rivulet-test-${randomUUID()}:`
  readonly admin: Redis
  readonly users: UserClient[] = []
  readonly #logs: EventLog[] = []
  readonly #port: number
  readonly #open: OpenClient

  constructor(open: OpenClient, port = sharedPort) {
    this.#open = open
    this.#port = port
    this.admin = new Redis({ port, maxRetriesPerRequest: null })
    this.admin.on('error', () => {})
  }

  /** A log over a client of its own, as another process has it. */
  async log(options: Partial<RedisLogOptions> = {}): Promise<EventLog> {
    const user = await this.#open({ port: this.#port, name: this.connectionName })
    this.users.push(user)
    const log = createRedisLog({ client: user.client, prefix: this.prefix, checkMs: 300, ...options })
    this.#logs.push(log)
    return log
  }

  get connectionName(): string {
    return this.prefix.replace(':', '')
  }

  key(channel: string, what: string): string {
    return `${this.prefix}{${channel}}:${what}`
  }

  /** Ids of the logs' connections; of those that follow only, where asked. */
  async connections(kind: 'all' | 'following' = 'all'): Promise<string[]> {
    const list = String(await this.admin.call('CLIENT', 'LIST'))
    return list
      .split('\n')
      .filter((line) => line.includes(` name=${this.connectionName} `))
      .filter((line) => kind === 'all' || !line.includes(' sub=0 '))
      .map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '')
  }

  /** Cuts connections as a network would. */
  async cut(kind: 'all' | 'following' = 'all'): Promise<number> {
    const ids = await this.connections(kind)
    for (const id of ids) await this.admin.call('CLIENT', 'KILL', 'ID', id)
    return ids.length
  }

  async rollBack(channel: string, offset: number): Promise<void> {
    await rollBack(this.admin, (what) => this.key(channel, what), offset)
    for (const key of await this.keys()) if (key.includes(':once:')) await this.admin.del(key)
  }

  async keys(): Promise<string[]> {
    const found: string[] = []
    for await (const page of this.admin.scanStream({ match: `${this.prefix}*`, count: 1_000 })) {
      found.push(...(page as string[])) // ioredis' streams are untyped
    }
    return found
  }

  /** Lets time pass for what expires. */
  async age(durationMs: number): Promise<void> {
    for (const key of await this.keys()) {
      const leftMs = await this.admin.pttl(key)
      // Redis deletes what expires in the past.
      if (leftMs >= 0) await this.admin.pexpire(key, leftMs - durationMs)
    }
  }

  async close(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const user of this.users) await user.close()
    // Servers of a test's own go with all they have, and may be gone already.
    const keys = this.#port === sharedPort ? await this.keys() : []
    if (keys.length > 0) await this.admin.del(...keys)
    this.admin.disconnect()
  }
}
