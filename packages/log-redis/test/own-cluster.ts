import { Redis } from 'ioredis'
import { freePort, OwnServer } from './own-server.ts'

const slotCount = 16_384
/** Short: a cluster promotes a replica when the primary was silent for that long. */
const nodeTimeoutMs = 1_000

/** One server of a cluster. */
export interface ClusterMember {
  readonly id: string
  readonly server: OwnServer
  /** On which the members talk to each other. */
  readonly busPort: number
  readonly admin: Redis
  /** The member that it copies; `null` for a primary. */
  readonly primary: ClusterMember | null
}

/** A Redis Cluster of a test's own. */
export class OwnCluster {
  readonly members: readonly ClusterMember[]

  private constructor(members: readonly ClusterMember[]) {
    this.members = members
  }

  /** Three primaries, each with so many replicas. */
  static async start(program: string, replicaCount: number, ...settings: string[]): Promise<OwnCluster> {
    const primaries: ClusterMember[] = []
    for (let made = 0; made < 3; made += 1) primaries.push(await startMember(program, settings, null))
    const members = [...primaries]
    for (const primary of primaries) {
      for (let made = 0; made < replicaCount; made += 1)
        members.push(await startMember(program, settings, primary))
    }
    const cluster = new OwnCluster(members)
    await cluster.#join()
    return cluster
  }

  get primaries(): readonly ClusterMember[] {
    return this.members.filter(({ primary }) => primary === null)
  }

  get ports(): readonly number[] {
    return this.members.map(({ server }) => server.port)
  }

  /** The member that has a key's slot now, as another one sees it. */
  async ownerOf(key: string, asSeenBy = this.members[0]): Promise<ClusterMember> {
    if (asSeenBy === undefined) throw new Error('A cluster has members.')
    const slot = await this.slotOf(key)
    const ranges = await asSeenBy.admin.cluster('SLOTS')
    const range = ranges.find(([from, to]) => Number(from) <= slot && slot <= Number(to))
    const owner = this.members.find(({ id }) => id === range?.[2]?.[2])
    if (owner === undefined) throw new Error(`Nobody has slot ${slot}.`)
    return owner
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.members[0]?.admin.cluster('KEYSLOT', key))
  }

  /** Moves a slot with all its keys, as `redis-cli --cluster reshard` does. */
  async move(slot: number, from: ClusterMember, to: ClusterMember): Promise<void> {
    await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id)
    await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id)
    for (;;) {
      const keys = await from.admin.cluster('GETKEYSINSLOT', slot, 1)
      const key = keys[0]
      if (key === undefined) break
      await from.admin.call('MIGRATE', '127.0.0.1', to.server.port, key, 0, 5_000)
    }
    await to.admin.cluster('SETSLOT', slot, 'NODE', to.id)
    for (const { admin, primary } of this.members) {
      if (primary === null) await admin.cluster('SETSLOT', slot, 'NODE', to.id)
    }
  }

  async dispose(): Promise<void> {
    for (const { admin } of this.members) admin.disconnect()
    for (const { server } of this.members) await server.dispose()
  }

  async #join(): Promise<void> {
    const first = this.members[0]
    for (const [index, { admin }] of this.primaries.entries()) {
      const from = Math.ceil((slotCount * index) / this.primaries.length)
      const to = Math.ceil((slotCount * (index + 1)) / this.primaries.length) - 1
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    }
    for (const { server, busPort } of this.members.slice(1)) {
      await first?.admin.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort)
    }
    for (const { admin, primary } of this.members) {
      if (primary === null) continue
      // Refused until it has heard of the primary.
      const replicate = () => admin.call('CLUSTER', 'REPLICATE', primary.id).then(() => true)
      await until(admin, () => replicate().catch(() => false))
      await until(admin, async () => (await admin.info('replication')).includes('master_link_status:up'))
    }
    for (const { admin } of this.members) {
      await until(admin, async () => String(await admin.cluster('INFO')).includes('cluster_state:ok'))
      // Each has to know whose replica is whose, before a client asks it.
      await until(admin, async () => {
        const ranges = (await admin.cluster('SLOTS')) as unknown[][] // as documented
        return ranges.every((range) => range.length === 2 + this.members.length / ranges.length)
      })
    }
  }
}

async function until(admin: Redis, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await admin.ping()
}

async function startMember(
  program: string,
  settings: readonly string[],
  primary: ClusterMember | null,
): Promise<ClusterMember> {
  const busPort = await freePort()
  const server = await OwnServer.start(
    program,
    ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
    ...['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
    ...settings,
  )
  const admin = new Redis({ port: server.port, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  const id = String(await admin.call('CLUSTER', 'MYID'))
  return { id, server, busPort, admin, primary }
}
