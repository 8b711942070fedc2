import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { credentials, type UserClient } from './clients.ts'

export interface ClusterSettings {
  readonly ports: readonly number[]
  /** The name of its connections and of those made from them. */
  readonly name: string
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** Makes a user's client of a cluster. */
export type OpenClusterClient = (settings: ClusterSettings) => Promise<UserClient>

async function openIoredis({ ports, name, username, password }: ClusterSettings): Promise<UserClient> {
  const client = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    { redisOptions: { connectionName: name, ...credentials({ username, password }) } },
  )
  client.on('error', ignore)
  return {
    client,
    isOpen: () => client.status === 'ready',
    close: async () => client.disconnect(),
  }
}

async function openNodeRedis({ ports, name, username, password }: ClusterSettings): Promise<UserClient> {
  const client = createCluster({
    rootNodes: ports.map((port) => ({ socket: { host: '127.0.0.1', port } })),
    defaults: { name, ...credentials({ username, password }) },
  })
  client.on('error', ignore)
  await client.connect().catch(ignore)
  return {
    client,
    isOpen: () => client.isReady,
    async close() {
      if (client.isOpen) client.destroy()
    },
  }
}

export const clusterOpeners: readonly (readonly [name: string, open: OpenClusterClient])[] = [
  ["ioredis' Cluster", openIoredis],
  ["redis' createCluster()", openNodeRedis],
]

/** What a client says of its connections reaches the test through the log. */
function ignore(): void {}
