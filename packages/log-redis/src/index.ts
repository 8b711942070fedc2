export type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './client/client-shapes.ts'
export { createRedisLog, type RedisLogOptions } from './create-redis-log.ts'
