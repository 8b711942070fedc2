import { needs } from '../../../test/support/needs.ts'

const redis = ['Redis', needs('redis-server'), 'redis_version:'] as const
const valkey = ['Valkey 8.1', needs('valkey-server@8.1'), 'valkey_version:8.1.'] as const
const redis8 = ['Redis 8.0', needs('redis-server@8.0'), 'redis_version:8.0.'] as const

/** Servers beside this machine's own: what they are called, how to start one, and what it says of itself. */
export const newerServers = [valkey, redis8] as const

/** For tests whose outcome is a matter of the server. */
export const servers = [redis, ...newerServers] as const

/** For those of them that take their time: one of each product. */
export const products = [redis, valkey] as const
