import { SseError } from '@rivulet/core'
import type { RedisClient } from './client-shapes.ts'
import type { Driver } from './driver.ts'
import { createIoredisDriver } from './ioredis-driver.ts'
import { createNodeRedisDriver } from './node-redis-driver.ts'

/**
 * The driver for a client, told by its shape: its class may come from another copy of the library.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function detectDriver(client: RedisClient): Driver {
  if (typeof client === 'object' && client !== null && 'duplicate' in client) {
    if ('isCluster' in client && client.isCluster === true) refuse(client, clusterRule)
    if ('call' in client && typeof client.call === 'function' && 'status' in client) {
      return createIoredisDriver(client)
    }
    if ('slots' in client) refuse(client, clusterRule)
    if ('sendCommand' in client && 'isOpen' in client) return createNodeRedisDriver(client)
  }
  return refuse(client, 'must be a client of ioredis 6 or redis 6')
}

const clusterRule =
  'must be a client of one server or of Sentinel; clients of a Redis Cluster are not supported'

function refuse(client: unknown, rule: string): never {
  throw new SseError('ERR_SSE_OPTION', `createRedisLog(): client ${rule}.`, { value: client })
}
