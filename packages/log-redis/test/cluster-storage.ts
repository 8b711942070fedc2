import { randomUUID } from 'node:crypto'
import type { EventLog } from '@rivulet/core'
import { Cluster, type Redis } from 'ioredis'
import { createRedisLog, type RedisLogOptions } from '../src/index.ts'
import type { UserClient } from './clients.ts'
import type { OpenClusterClient } from './cluster-clients.ts'
import type { OwnCluster } from './own-cluster.ts'
import { rollBack } from './roll-back.ts'

/** Keys of one test on a cluster, the logs over them, and connections to look at them and to do damage. */
export class ClusterStorage {
  readonly prefix = `rivulet-test-${randomUUID()}:`
  readonly users: UserClient[] = []
  readonly #cluster: OwnCluster
  readonly #open: OpenClusterClient
  readonly #logs: EventLog[] = []

  constructor(cluster: OwnCluster, open: OpenClusterClient) {
    this.#cluster = cluster
    this.#open = open
  }

  /** A log over a client of its own, as another process has it. */
  async log(options: Partial<RedisLogOptions> = {}): Promise<EventLog> {
    const user = await this.#open({ ports: this.#cluster.ports, name: this.connectionName })
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

  /** The logs' connections to each primary; of those that follow only, where asked. */
  async connections(kind: 'all' | 'following' = 'all'): Promise<readonly { admin: Redis; ids: string[] }[]> {
    const found: { admin: Redis; ids: string[] }[] = []
    for (const { admin } of this.#cluster.primaries) {
      const list = String(await admin.call('CLIENT', 'LIST'))
      const ids = list
        .split('\n')
        .filter((line) => line.includes(` name=${this.connectionName} `))
        .filter((line) => kind === 'all' || !/ sub=0 .* ssub=0 /.test(line))
        .map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '')
      found.push({ admin, ids })
    }
    return found
  }

  /** Cuts connections as a network would. */
  async cut(kind: 'all' | 'following' = 'all'): Promise<number> {
    let count = 0
    for (const { admin, ids } of await this.connections(kind)) {
      for (const id of ids) await admin.call('CLIENT', 'KILL', 'ID', id)
      count += ids.length
    }
    return count
  }

  async rollBack(channel: string, offset: number): Promise<void> {
    const admin = new Cluster(this.#cluster.ports.map((port) => ({ host: '127.0.0.1', port })))
    await rollBack(admin, (what) => this.key(channel, what), offset)
    for (const member of this.#cluster.primaries) {
      for (const key of await member.admin.keys(`${this.prefix}*:once:*`)) await admin.del(key)
    }
    admin.disconnect()
  }

  async close(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const user of this.users) await user.close()
  }
}
