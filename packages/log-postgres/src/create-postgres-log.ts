import { checked, duration, flag, type OptionChecks, resolveOptions } from '@rivulet/core/log-kit'
import type { ClientConfig, Pool } from 'pg'
import { PoolLog, type PoolLogSettings } from './pool-log.ts'
import type { PostgresLog } from './postgres-log.ts'

export interface PostgresLogOptions {
  /**
   * Your pool of `pg`. Each call takes one of its clients for one statement. It is never closed. What listens is a connection beside
   * it, opened with the pool's options for as long as channels are followed, so that no slot of the pool is held.
   */
  readonly pool: Pool
  /** The schema that holds the tables and functions, whatever `search_path` says. Default `rivulet`. */
  readonly schema?: string | undefined
  /** Makes the schema with the first call where it is not there: see `migrate()`. Default `false`. */
  readonly migrate?: boolean | undefined
  /**
   * Wakes followers by `NOTIFY` with each commit, and listens; `false`: polls only. All processes should have the same. Off for poolers
   * that cannot listen, and for servers whose many commits should not queue for the one lock that `NOTIFY` takes. Default `true`.
   */
  readonly notify?: boolean | undefined
  /** Where to listen, if it has to be elsewhere than where the pool connects to: past a pooler. Default: the pool's options. */
  readonly listenOn?: ClientConfig | undefined
  /** How long to wait for a client of the pool and its answer, in milliseconds. Default 5,000. What comes later may be stored. */
  readonly answerMs?: number | undefined
  /**
   * How long a followed channel may be silent until the log looks whether something was missed, in milliseconds; one statement
   * for all of them. Default 15,000.
   */
  readonly checkMs?: number | undefined
  /** How often to ask for news while there is some and nothing listens, in milliseconds. Default 25. */
  readonly minPollMs?: number | undefined
  /** How often to ask while there are none, which is how late the first of them may come. Default 1,000. */
  readonly maxPollMs?: number | undefined
}

const defaults: Omit<PoolLogSettings, 'pool'> = {
  schema: 'rivulet',
  migrate: false,
  notify: true,
  listenOn: undefined,
  answerMs: 5_000,
  checkMs: 15_000,
  minPollMs: 25,
  maxPollMs: 1_000,
}

const checks: OptionChecks<PoolLogSettings> = {
  pool: checked('must be a Pool of pg', isPool),
  schema: checked('must be a name of 1 to 63 bytes that does not begin with "pg_"', isSchemaName),
  migrate: flag,
  notify: flag,
  listenOn: checked('must be the options of a pg client', isConfig),
  answerMs: duration,
  checkMs: duration,
  minPollMs: duration,
  maxPollMs: duration,
}

/**
 * A log over PostgreSQL 13 or newer, for any number of channels: `createChannel('orders', { log })`. Events can be published inside
 * your transactions: see `publishIn`.
 *
 * Make one per process and close it after the channels; the pool stays yours. An event that was acknowledged is as safe as any
 * commit of that server.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function createPostgresLog(options: PostgresLogOptions): PostgresLog {
  // Looked at by itself, since there is no default for it.
  const pool = checks.pool('createPostgresLog(): pool', options?.pool)
  const settings = resolveOptions('createPostgresLog()', options, { ...defaults, pool }, checks)
  return new PoolLog({ ...settings, maxPollMs: Math.max(settings.minPollMs, settings.maxPollMs) })
}

function isPool(value: unknown): value is Pool {
  if (typeof value !== 'object' || value === null) return false
  const hasMethods = ['connect', 'query', 'on', 'off'].every(
    (name) => typeof Reflect.get(value, name) === 'function',
  )
  // What the listening connection is made of; a client has no totalCount.
  return hasMethods && 'totalCount' in value && typeof Reflect.get(value, 'Client') === 'function'
}

/** PostgreSQL would cut off what is longer, without a word. */
const maxNameBytes = 63

function isSchemaName(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.startsWith('pg_')) return false
  return Buffer.byteLength(value) <= maxNameBytes && !/\p{Cc}|\p{Cs}/u.test(value)
}

function isConfig(value: unknown): value is ClientConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
