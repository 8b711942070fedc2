import { errorMonitor } from 'node:events'
import { retryDelayMs } from '@rivulet/core/log-kit'
import type { IoredisClient } from './client-shapes.ts'
import { type Driver, type Subscriber, type SubscriberEvents, silenceMs } from './driver.ts'
import { IoredisSender, type SendingClient } from './ioredis-sender.ts'

/** What is used of ioredis beyond what users see. */
interface Ioredis extends SendingClient {
  readonly options: {
    readonly keyPrefix?: string
    readonly db?: number
    readonly enableOfflineQueue?: boolean
  }
  on(event: string | symbol, listener: (...args: never[]) => void): unknown
  off(event: string | symbol, listener: (...args: never[]) => void): unknown
  duplicate(options?: object): Ioredis
  subscribe(...names: string[]): Promise<unknown>
  unsubscribe(...names: string[]): Promise<unknown>
  ping(): Promise<unknown>
  disconnect(): void
}

/** How many names one SUBSCRIBE takes after a reconnect. */
const namesPerCommand = 500

export function createIoredisDriver(client: IoredisClient, sendMs: number): Driver {
  const redis = client as Ioredis // detectDriver() has looked at its shape
  const sender = new IoredisSender(redis, sendMs)
  return {
    scope: `${redis.options.keyPrefix ?? ''}@${redis.options.db ?? 0}:`,
    publishCommand: 'PUBLISH',
    command: (command) => sender.send(command),
    openSubscriber: (events) => openSubscriber(redis, events),
    watchErrors(onError) {
      redis.on(errorMonitor, onError)
      return () => redis.off(errorMonitor, onError)
    },
  }
}

function openSubscriber(client: Ioredis, events: SubscriberEvents): Subscriber {
  const names = new Set<string>()
  const redis = client.duplicate({
    keyPrefix: '',
    lazyConnect: false,
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
    // Armed by each command that waits for its answer, so by pings.
    socketTimeout: silenceMs,
    retryStrategy: retryDelayMs,
    // Subscribed anew below instead, to know when it is done.
    autoResubscribe: false,
    readOnly: false,
  })
  const resubscribe = async () => {
    const all = [...names]
    for (let start = 0; start < all.length; start += namesPerCommand) {
      await redis.subscribe(...all.slice(start, start + namesPerCommand))
    }
    events.ready()
  }
  redis.on('message', (name: string, text: string) => events.message(name, text))
  redis.on('error', (error: Error) => events.error(error))
  redis.on('ready', () => {
    resubscribe().catch(events.error)
  })
  return {
    async subscribe(name) {
      await redis.subscribe(name)
      names.add(name)
    },
    async unsubscribe(name) {
      names.delete(name)
      await redis.unsubscribe(name)
    },
    ping() {
      if (redis.status === 'ready') redis.ping().catch(events.error)
    },
    close: () => redis.disconnect(),
  }
}
