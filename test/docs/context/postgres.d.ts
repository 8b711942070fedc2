import type { PostgresLog } from '@rivulet/log-postgres'
import type { Pool, PoolClient } from 'pg'

declare global {
  const pool: Pool
  const client: PoolClient
  const log: PostgresLog
}
