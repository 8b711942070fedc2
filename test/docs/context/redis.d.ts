import type { Redis } from 'ioredis'

declare global {
  const client: Redis
}
