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

/** Either of the two clients that Redis logs work with. */
export type RedisClient = IoredisClient | NodeRedisClient
