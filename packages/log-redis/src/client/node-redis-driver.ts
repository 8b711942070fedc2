import { errorMonitor } from 'node:events'
import { retryDelayMs } from '@rivulet/core/log-kit'
import type { NodeRedisClient } from './client-shapes.ts'
import { type Driver, type Subscriber, type SubscriberEvents, silenceMs } from './driver.ts'

/** What is used of node-redis beyond what users see. */
interface NodeRedis extends Omit<NodeRedisClient, 'sendCommand'> {
  readonly options?: { readonly database?: number; readonly socket?: object }
  readonly isReady: boolean
  on(event: string | symbol, listener: (...args: never[]) => void): unknown
  off(event: string | symbol, listener: (...args: never[]) => void): unknown
  connect(): Promise<unknown>
  sendCommand(args: readonly string[], options?: object): Promise<unknown>
  duplicate(options?: object): NodeRedis
  subscribe(name: string, listener: (text: string, name: string) => void): Promise<void>
  unsubscribe(name: string): Promise<void>
  ping(): Promise<unknown>
  destroy(): void
}

/**
 * Whatever the client was told for commands of its own: strings as strings, and what could not be sent for so long is taken out of
 * its queue.
 */
export function commandOptions(sendMs: number): object {
  return { typeMapping: {}, timeout: sendMs }
}

export function createNodeRedisDriver(client: NodeRedisClient, sendMs: number): Driver {
  const redis = client as NodeRedis // detectDriver() has looked at its shape
  const options = commandOptions(sendMs)
  return {
    scope: `@${redis.options?.database ?? 0}:`,
    publishCommand: 'PUBLISH',
    command: (command) => redis.sendCommand(command, options),
    openSubscriber: (events) => openSubscriber(redis, events),
    watchErrors(onError) {
      redis.on(errorMonitor, onError)
      return () => redis.off(errorMonitor, onError)
    },
  }
}

function openSubscriber(client: NodeRedis, events: SubscriberEvents): Subscriber {
  /** Destroyed while it connects, a client would leave its socket behind: that waits for what comes of it. */
  let isConnecting = true
  let isClosed = false
  const redis = client.duplicate({
    disableOfflineQueue: false,
    commandOptions: undefined,
    clientSideCache: undefined,
    pingInterval: silenceMs / 2,
    socket: { ...client.options?.socket, reconnectStrategy: retryDelayMs, socketTimeout: silenceMs },
  })
  const listener = (text: string, name: string) => events.message(name, text)
  const settle = () => {
    isConnecting = false
    if (isClosed && redis.isOpen) redis.destroy()
  }
  redis.on('reconnecting', () => {
    isConnecting = true
  })
  redis.on('error', (error: Error) => {
    settle()
    events.error(error)
  })
  // By then it has subscribed anew by itself.
  redis.on('ready', () => {
    settle()
    events.ready()
  })
  redis.connect().catch(events.error)
  return {
    subscribe: (name) => redis.subscribe(name, listener),
    // Where the connection is lost before the answer it would subscribe again by itself: then after that.
    unsubscribe: (name) => redis.unsubscribe(name).catch(() => redis.unsubscribe(name)),
    // It pings by itself, and gives up a connection on which nothing comes.
    ping() {},
    close() {
      isClosed = true
      if (!isConnecting) settle()
    },
  }
}
