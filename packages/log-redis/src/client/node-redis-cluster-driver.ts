import { errorMonitor } from 'node:events'
import { ClusterSubscriber } from '../cluster/cluster-subscriber.ts'
import type { NodeConnection, NodeEvents, Topology } from '../cluster/topology.ts'
import type { NodeRedisCluster } from './client-shapes.ts'
import { type Driver, silenceMs } from './driver.ts'
import { commandOptions } from './node-redis-driver.ts'

type Listener = (...args: never[]) => void
type MessageListener = (text: string, name: string) => void

/** What is used of node-redis' cluster client beyond what users see. */
interface Cluster {
  readonly slots: readonly ({ readonly master: ClusterNode } | undefined)[]
  readonly nodeByAddress: ReadonlyMap<string, ClusterNode>
  nodeClient(node: ClusterNode): Promise<NodeClient>
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: readonly string[],
    options?: object,
  ): Promise<unknown>
  on(event: string | symbol, listener: Listener): unknown
  off(event: string | symbol, listener: Listener): unknown
}

interface ClusterNode {
  readonly address: string
  /** There once it was used; maybe not connected. */
  readonly client?: NodeClient | undefined
}

/** What is used of its connections to single nodes. */
interface NodeClient {
  readonly options?: { readonly socket?: object }
  on(event: string, listener: Listener): unknown
  connect(): Promise<unknown>
  duplicate(options: object): NodeClient
  subscribe(name: string, listener: MessageListener): Promise<void>
  unsubscribe(name: string, listener: MessageListener): Promise<void>
  sSubscribe(name: string, listener: MessageListener): Promise<void>
  sUnsubscribe(name: string, listener: MessageListener): Promise<void>
  destroy(): void
}

/** While a slot moves, a node may have some of the keys only: it says so, and has done nothing. As often as ioredis asks. */
const retries = { count: 16, delayMs: 100 }

export function createNodeRedisClusterDriver(client: NodeRedisCluster, sendMs: number): Driver {
  const cluster = client as unknown as Cluster // detectDriver() has looked at its shape
  const scope = '@0:'
  const options = commandOptions(sendMs)
  const topology: Topology = {
    addressOf: (slot) => cluster.slots[slot]?.master.address ?? null,
    connect(address, events) {
      const node = cluster.nodeByAddress.get(address)
      if (node === undefined) throw new Error(`the client has no node ${address}`)
      return connect(cluster, node, events)
    },
    probe(name) {
      const key = name.slice(scope.length)
      return cluster.sendCommand(key, false, ['EXISTS', key], options)
    },
  }
  return {
    scope,
    publishCommand: 'SPUBLISH',
    command: (command, key) => sendPatiently(() => cluster.sendCommand(key, false, command, options)),
    openSubscriber: (events) => new ClusterSubscriber(topology, events),
    watchErrors(onError) {
      cluster.on(errorMonitor, onError)
      cluster.on('node-error', onError)
      return () => {
        cluster.off(errorMonitor, onError)
        cluster.off('node-error', onError)
      }
    },
  }
}

async function sendPatiently(send: () => Promise<unknown>): Promise<unknown> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await send()
    } catch (error) {
      if (retry === retries.count || !isPassing(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, retries.delayMs))
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && /^(?:TRYAGAIN|CLUSTERDOWN) /.test(error.message)
}

function connect(cluster: Cluster, node: ClusterNode, events: NodeEvents): NodeConnection {
  const listener: MessageListener = (text, name) => events.message(name, text)
  const opening = open(cluster, node, events)
  opening.catch(events.lost)
  return {
    async subscribe(name, kind) {
      const redis = await opening
      await (kind === 'sharded' ? redis.sSubscribe(name, listener) : redis.subscribe(name, listener))
    },
    async unsubscribe(name, kind) {
      const redis = await opening
      // With its listener: one that is subscribed again before the answer is asked for again then.
      await (kind === 'sharded' ? redis.sUnsubscribe(name, listener) : redis.unsubscribe(name, listener))
    },
    // It pings by itself, and gives up a connection on which nothing comes.
    ping() {},
    close() {
      // Destroyed while it connects, a client would leave its socket behind. What cannot be opened is told above.
      opening.then(destroy, () => {})
    },
  }
}

async function open(cluster: Cluster, node: ClusterNode, events: NodeEvents): Promise<NodeClient> {
  // One that is there need not be connected; waiting for that may take for ever.
  const client = node.client ?? (await cluster.nodeClient(node))
  const redis = client.duplicate({
    disableOfflineQueue: false,
    commandOptions: undefined,
    clientSideCache: undefined,
    pingInterval: silenceMs / 2,
    socket: { ...client.options?.socket, reconnectStrategy: false, socketTimeout: silenceMs },
  })
  redis.on('error', events.lost)
  // A slot has left the node.
  redis.on('sharded-channel-moved', () => events.lost(null))
  try {
    await redis.connect()
  } catch (error) {
    destroy(redis)
    throw error
  }
  return redis
}

/** Of one that has lost its connection too, which would go on keeping the time of its pings. */
function destroy(redis: NodeClient): void {
  try {
    redis.destroy()
  } catch {
    // Older ones say so where there is no connection to end.
  }
}
