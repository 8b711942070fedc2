import { randomUUID } from 'node:crypto'
import { Pool, type PoolConfig } from 'pg'
import { createPostgresLog, type PostgresLog, type PostgresLogOptions } from '../../src/index.ts'

/** The server that all tests share, as the environment names it. */
export const sharedServer: PoolConfig = {
  host: process.env.PGHOST ?? '127.0.0.1',
  port: Number(process.env.PGPORT ?? 5432),
  user: process.env.PGUSER ?? 'root',
  database: process.env.PGDATABASE ?? 'test',
}

/** A schema of one test on a server, the logs over it, and a connection to look at it and to do damage. */
export class Storage {
  readonly schema = `rivulet_test_${randomUUID().replaceAll('-', '')}`
  readonly admin: Pool
  readonly pools: Pool[] = []
  readonly #logs: PostgresLog[] = []
  readonly #server: PoolConfig

  constructor(server: PoolConfig = sharedServer) {
    this.#server = server
    this.admin = new Pool({ ...server, max: 4, application_name: `${this.#name} admin` })
    this.admin.on('error', () => {})
  }

  /** What the connections of its logs call themselves. */
  get #name(): string {
    return this.schema.slice(0, 40)
  }

  /** A pool as a user has it. */
  pool(config: PoolConfig = {}): Pool {
    const pool = new Pool({ ...this.#server, application_name: this.#name, ...config })
    this.pools.push(pool)
    return pool
  }

  /** A log over a pool of its own, as another process has it. */
  log(options: Partial<PostgresLogOptions> = {}): PostgresLog {
    const log = createPostgresLog({
      pool: options.pool ?? this.pool(),
      schema: this.schema,
      migrate: true,
      checkMs: 300,
      ...options,
    })
    this.#logs.push(log)
    return log
  }

  /** Server processes of the logs' connections; of those that listen only, where asked. */
  async connections(kind: 'all' | 'listening' = 'all'): Promise<number[]> {
    const { rows } = await this.admin.query<{ pid: number; query: string }>(
      'SELECT pid, query FROM pg_stat_activity WHERE application_name = $1',
      [this.#name],
    )
    return rows.filter(({ query }) => kind === 'all' || isListener(query)).map(({ pid }) => pid)
  }

  /** How many server processes of the logs' connections wait for a lock. */
  async waitingCount(): Promise<number> {
    const { rowCount } = await this.admin.query(
      `SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
      [this.#name],
    )
    return rowCount ?? 0
  }

  /** Cuts connections as a restart of a balancer would. */
  async cut(kind: 'all' | 'listening' = 'all'): Promise<number> {
    const pids = await this.connections(kind)
    await this.admin.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids])
    return pids.length
  }

  /** Takes a channel back to an offset, as a fail-over to a standby that was behind does. */
  async rollBack(channel: string, offset: number): Promise<void> {
    const { schema } = this
    const id = `(SELECT id FROM ${schema}.channels WHERE name = $1)`
    const client = await this.admin.connect()
    try {
      await client.query('BEGIN')
      await client.query(`DELETE FROM ${schema}.entries WHERE channel_id = ${id} AND entry_offset > $2`, [
        channel,
        offset,
      ])
      await client.query(
        `UPDATE ${schema}.channels SET head = $2, ended = false,
          head_check = (SELECT entry_check FROM ${schema}.entries WHERE channel_id = ${id} AND entry_offset = $2),
          head_bytes = (SELECT total_bytes FROM ${schema}.entries WHERE channel_id = ${id} AND entry_offset = $2)
        WHERE name = $1`,
        [channel, offset],
      )
      await client.query(`DELETE FROM ${schema}.idempotency_keys WHERE channel_id = ${id}`, [channel])
      await client.query('COMMIT')
    } finally {
      client.release()
    }
  }

  /** Runs statements with the schema's name in place of `$schema`. */
  async sql(text: string, values: readonly unknown[] = []): Promise<readonly unknown[][]> {
    const statement = {
      text: text.replaceAll('$schema', this.schema),
      values: [...values],
      rowMode: 'array' as const,
    }
    const { rows } = await this.admin.query<unknown[]>(statement)
    return rows
  }

  async close(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const pool of this.pools) if (!pool.ended) await pool.end()
    // Servers of a test's own go with all they have, and may be gone already.
    if (this.#server === sharedServer) await this.admin.query(`DROP SCHEMA IF EXISTS ${this.schema} CASCADE`)
    await this.admin.end()
  }
}

/** The last statement of a connection that listens is its `LISTEN`, or a look whether the server is there. */
function isListener(query: string): boolean {
  return query.startsWith('LISTEN') || query === 'SELECT 1'
}
