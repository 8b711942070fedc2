import { Redis } from 'ioredis'
import { freePort, OwnServer } from './own-server.ts'
import { until } from './until.ts'

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
    const start = (primary: ClusterMember | null) => startMember(program, settings, primary)
    const primaries = await Promise.all([start(null), start(null), start(null)])
    const replicas = primaries.flatMap((primary) =>
      Array.from({ length: replicaCount }, () => start(primary)),
    )
    const cluster = new OwnCluster([...primaries, ...(await Promise.all(replicas))])
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
  async ownerOf(key: string, { admin } = this.#first): Promise<ClusterMember> {
    const slot = Number(await admin.cluster('KEYSLOT', key))
    const ranges = await admin.cluster('SLOTS')
    const range = ranges.find(([from, to]) => Number(from) <= slot && slot <= Number(to))
    const owner = this.members.find(({ id }) => id === range?.[2]?.[2])
    if (owner === undefined) throw new Error(`Nobody has slot ${slot}.`)
    return owner
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.#first.admin.cluster('KEYSLOT', key))
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
    await Promise.all(this.members.map(({ server }) => server.dispose()))
  }

  get #first(): ClusterMember {
    const first = this.members[0]
    if (first === undefined) throw new Error('A cluster has members.')
    return first
  }

  async #join(): Promise<void> {
    for (const [index, { admin }] of this.primaries.entries()) {
      const from = Math.ceil((slotCount * index) / this.primaries.length)
      const to = Math.ceil((slotCount * (index + 1)) / this.primaries.length) - 1
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    }
    for (const { server, busPort } of this.members.slice(1)) {
      await this.#first.admin.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort)
    }
    await Promise.all(this.members.map((member) => this.#joined(member)))
  }

  async #joined({ admin, primary }: ClusterMember): Promise<void> {
    if (primary !== null) {
      // Refused until it has heard of the primary.
      const replicate = () => admin.call('CLUSTER', 'REPLICATE', primary.id).then(() => true)
      await until(() => replicate().catch(() => false))
      await until(async () => (await admin.info('replication')).includes('master_link_status:up'))
    }
    await until(async () => String(await admin.cluster('INFO')).includes('cluster_state:ok'))
    // Each has to know whose replica is whose, before a client asks it.
    await until(async () => {
      const ranges = await admin.cluster('SLOTS')
      return ranges.every((range) => range.length === 2 + this.members.length / ranges.length)
    })
  }
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
    ...['--cluster-node-timeout', String(nodeTimeoutMs)],
    // A replica counts once it has heard something.
    ...['--repl-ping-replica-period', '1'],
    ...settings,
  )
  const admin = new Redis({ port: server.port, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  const id = String(await admin.call('CLUSTER', 'MYID'))
  return { id, server, busPort, admin, primary }
}
