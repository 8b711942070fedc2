import { errorMonitor } from 'node:events'
import { ClusterSubscriber } from '../cluster/cluster-subscriber.ts'
import type { NodeConnection, NodeEvents, Topology } from '../cluster/topology.ts'
import type { IoredisClient } from './client-shapes.ts'
import { type Driver, silenceMs } from './driver.ts'
import { IoredisSender, type SendingClient } from './ioredis-sender.ts'

type Listener = (...args: never[]) => void

/** What is used of ioredis' Cluster beyond what users see. */
interface IoredisCluster extends SendingClient {
  readonly options: { readonly keyPrefix?: string; readonly enableOfflineQueue?: boolean }
  /** Addresses by hash slot, the primary's first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(): readonly IoredisNode[]
  on(event: string | symbol, listener: Listener): unknown
  off(event: string | symbol, listener: Listener): unknown
}

/** What is used of its connections to single nodes. */
interface IoredisNode {
  readonly options: { readonly host?: string; readonly port?: number }
  readonly status: string
  duplicate(options: object): IoredisNode
  on(event: string, listener: Listener): unknown
  subscribe(name: string): Promise<unknown>
  unsubscribe(name: string): Promise<unknown>
  ssubscribe(name: string): Promise<unknown>
  sunsubscribe(name: string): Promise<unknown>
  ping(): Promise<unknown>
  disconnect(): void
}

export function createIoredisClusterDriver(client: IoredisClient, sendMs: number): Driver {
  const cluster = client as IoredisCluster // detectDriver() has looked at its shape
  const sender = new IoredisSender(cluster, sendMs)
  const scope = `${cluster.options.keyPrefix ?? ''}@0:`
  const topology: Topology = {
    addressOf: (slot) => cluster.slots[slot]?.[0] ?? null,
    connect: (address, events) => connect(nodeAt(cluster, address), events),
    // By a key of the log's, with the prefix that the client puts in front: users may have rights to no other.
    probe: (name) => sender.send(['EXISTS', name.slice(scope.length)]),
  }
  return {
    scope,
    publishCommand: 'SPUBLISH',
    command: (command) => sender.send(command),
    openSubscriber: (events) => new ClusterSubscriber(topology, events),
    watchErrors(onError) {
      const onClusterError = (error: Error & { lastNodeError?: Error }) =>
        onError(error.lastNodeError ?? error)
      cluster.on(errorMonitor, onClusterError)
      cluster.on('node error', onError)
      return () => {
        cluster.off(errorMonitor, onClusterError)
        cluster.off('node error', onError)
      }
    },
  }
}

function nodeAt(cluster: IoredisCluster, address: string): IoredisNode {
  const found = cluster.nodes().find(({ options }) => `${options.host}:${options.port}` === address)
  if (found === undefined) throw new Error(`the client has no node ${address}`)
  return found
}

function connect(node: IoredisNode, events: NodeEvents): NodeConnection {
  const redis = node.duplicate({
    keyPrefix: '',
    lazyConnect: false,
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    commandTimeout: undefined,
    // Armed by each command that waits for its answer, so by pings.
    socketTimeout: silenceMs,
    retryStrategy: null,
    reconnectOnError: null,
    readOnly: false,
  })
  let cause: unknown = new Error('the connection was closed')
  for (const event of ['message', 'smessage']) redis.on(event, events.message)
  redis.on('error', (error: Error) => {
    cause = error
  })
  redis.on('end', () => events.lost(cause))
  // A slot has left the node, or was not there any more.
  redis.on('moved', () => events.lost(null))
  return {
    async subscribe(name, kind) {
      await (kind === 'sharded' ? redis.ssubscribe(name) : redis.subscribe(name))
    },
    async unsubscribe(name, kind) {
      await (kind === 'sharded' ? redis.sunsubscribe(name) : redis.unsubscribe(name))
    },
    ping() {
      if (redis.status === 'ready') redis.ping().catch(events.lost)
    },
    close() {
      // On one that has ended it would start a timer.
      if (redis.status !== 'end') redis.disconnect()
    },
  }
}
