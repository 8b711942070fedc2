import { SseError } from '@rivulet/core'
import type { RedisClient } from './client-shapes.ts'
import type { Driver } from './driver.ts'
import { createIoredisClusterDriver } from './ioredis-cluster-driver.ts'
import { createIoredisDriver } from './ioredis-driver.ts'
import { createNodeRedisClusterDriver } from './node-redis-cluster-driver.ts'
import { createNodeRedisDriver } from './node-redis-driver.ts'

/**
 * The driver for a client, told by its shape: its class may come from another copy of the library.
 *
 * @param sendMs How long a command may wait for a connection, in milliseconds.
 * @throws SseError `ERR_SSE_OPTION`
 */
export function detectDriver(client: RedisClient, sendMs: number): Driver {
  if (typeof client === 'object' && client !== null && 'duplicate' in client) {
    if ('call' in client && typeof client.call === 'function' && 'status' in client) {
      const isCluster = 'isCluster' in client && client.isCluster === true
      return isCluster ? createIoredisClusterDriver(client, sendMs) : createIoredisDriver(client, sendMs)
    }
    if ('sendCommand' in client && 'slots' in client) return createNodeRedisClusterDriver(client, sendMs)
    if ('getSentinelNode' in client)
      refuse(client, 'cannot be a createSentinel() of redis: use ioredis with sentinels')
    if ('sendCommand' in client && 'isOpen' in client) return createNodeRedisDriver(client, sendMs)
  }
  return refuse(client, 'must be a client of ioredis 6 or redis 6')
}

function refuse(client: unknown, rule: string): never {
  throw new SseError('ERR_SSE_OPTION', `createRedisLog(): client ${rule}.`, { value: client })
}
