import { createPostgresLog } from '@rivulet/log-postgres'
import pg from 'pg'

export async function openLog(config) {
  const pool = new pg.Pool(config)
  const log = createPostgresLog({ pool, migrate: true })
  return {
    log,
    async close() {
      await log.close()
      await pool.end()
    },
  }
}
