import { createMemoryLog, type EventLog } from '@rivulet/fastify'
import { createMemoryInbox, createRedisInbox, type Inbox } from './inbox.js'

/** Where inboxes and the channel's events are kept. */
export interface Storage {
  readonly inbox: Inbox
  readonly log: EventLog
  close(): Promise<void>
}

/** With a URL of Redis any number of processes share both, and they outlive restarts; without one they live in this process. */
export async function openStorage(redisUrl: string | undefined): Promise<Storage> {
  if (redisUrl === undefined || redisUrl === '') {
    const log = createMemoryLog()
    return { inbox: createMemoryInbox(), log, close: () => log.close() }
  }
  const [{ Redis }, { createRedisLog }] = await Promise.all([import('ioredis'), import('@rivulet/log-redis')])
  const redis = new Redis(redisUrl)
  redis.on('error', (error) => console.error('Redis:', error.message))
  const log = createRedisLog({ client: redis })
  return {
    inbox: createRedisInbox(redis),
    log,
    async close() {
      await log.close()
      await redis.quit()
    },
  }
}
