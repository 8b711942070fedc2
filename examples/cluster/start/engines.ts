import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { findProgram } from './programs.js'
import { Service } from './service.js'

const patienceMs = 30_000

export interface EngineOptions {
  readonly port: number
  /** Where it keeps its data. */
  readonly folder: string
  readonly print: (line: string) => void
  readonly started: () => void
}

/** A Redis that has on its disk what it has acknowledged, so that it may be killed, too. */
export function startRedis({ port, folder, print, started }: EngineOptions): Service {
  mkdirSync(folder)
  const settings = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always' }
  return new Service({
    name: 'redis',
    command: findProgram('redis-server') ?? 'redis-server',
    args: Object.entries({ ...settings, loglevel: 'warning' }).flatMap(([name, value]) => [
      `--${name}`,
      `${value}`,
    ]),
    print,
    started,
  })
}

/** A PostgreSQL of its own. It refuses to run as root: then it runs as the user `postgres`, which its package has made. */
export function startPostgres({ port, folder, print, started }: EngineOptions): Service {
  const program = realpathSync(findProgram('postgres') ?? 'postgres')
  const runAs = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : undefined
  mkdirSync(folder, { mode: 0o700 })
  if (runAs !== undefined) chownSync(folder, runAs.uid, runAs.gid)
  execFileSync(
    join(dirname(program), 'initdb'),
    ['-D', folder, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--auth=trust'],
    // That user may not be allowed where this process is.
    { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder, ...runAs },
  )
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    log_min_messages: 'fatal',
  }
  return new Service({
    name: 'postgres',
    command: program,
    args: ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    runAs,
    // Ends without waiting for the nodes to leave.
    signal: 'SIGINT',
    print,
    started,
  })
}

function idOf(what: '-u' | '-g'): number {
  return Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }))
}

/** @throws (rejects) once it has not answered for half a minute. */
export async function redisAnswers(url: string): Promise<void> {
  await until(`Redis at ${url}`, async () => {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
    redis.on('error', () => {}) // The call fails with it, too.
    try {
      await redis.ping()
    } finally {
      redis.disconnect()
    }
  })
}

/** @throws (rejects) once it has not answered for half a minute. */
export async function postgresAnswers(url: string): Promise<void> {
  await until(`PostgreSQL at ${url}`, async () => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    client.on('error', () => {}) // Likewise.
    try {
      await client.connect()
      await client.query('SELECT 1')
    } finally {
      await client.end()
    }
  })
}

/** @throws (rejects) once it has not answered for half a minute. */
export async function webAnswers(url: string): Promise<void> {
  await until(url, async () => {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`It answers ${response.status}.`)
  })
}

async function until(what: string, succeeds: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (true) {
    try {
      return await succeeds()
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} does not answer.`, { cause: error })
      await wait(100)
    }
  }
}
