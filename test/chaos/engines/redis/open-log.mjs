import { createRedisLog } from '@rivulet/log-redis'
import { Redis } from 'ioredis'

export async function openLog({ port }) {
  const client = new Redis({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  const log = createRedisLog({ client })
  return {
    log,
    async close() {
      await log.close()
      client.disconnect()
    },
  }
}
