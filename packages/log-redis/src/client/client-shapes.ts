/** An `ioredis` client, as far as this package uses it: `new Redis()`, with Sentinel too, or `new Cluster()`. */
export interface IoredisClient {
  readonly status: string
  call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>
  duplicate(): unknown
}

/** A client of `redis` (node-redis), as far as this package uses it: `createClient()`. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  sendCommand(args: readonly string[]): Promise<unknown>
  duplicate(): unknown
}

/** A cluster client of `redis` (node-redis), as far as users see: `createCluster()`. */
export interface NodeRedisCluster {
  readonly isOpen: boolean
  readonly slots: readonly unknown[]
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>
  duplicate(): unknown
}

/** The clients that Redis logs work with. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster
