import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type CollectedEvent, collect } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { buildPackages, RunningProgram } from '../../../test/support/readme-program.ts'
import { OwnServer } from './support/own-server.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')
const root = fileURLToPath(new URL('../../..', import.meta.url))

postgres.describe("two processes that run the README's program", () => {
  const programs: RunningProgram[] = []
  let engine: OwnServer | undefined

  beforeAll(async () => {
    buildPackages()
    engine = await OwnServer.start(postgres.path)
  }, 300_000)

  afterAll(async () => {
    for (const program of programs) await program.stop()
    await engine?.dispose()
  })

  test('serve what either publishes, in one order, and resume what the other has served', async () => {
    const env = { DATABASE_URL: `postgres://tester@127.0.0.1:${engine?.port}/postgres` }
    // At once: both find no schema, and make it.
    programs.push(
      ...(await Promise.all([1, 2].map(() => RunningProgram.start('packages/log-postgres/README.md', env)))),
    )
    const [one = '', other = ''] = programs.map(({ url }) => url)
    const both = await Promise.all(
      [one, other].map((url) => collect(url, '/', { until: hasBoth(), timeoutMs: 15_000 })),
    )
    for (const { status, events } of both) {
      expect(status).toBe(200)
      expect(events[0]?.event).toBe('$ready')
    }

    const seen = both[0]
    const lastEventId = seen?.events[1]?.id ?? ''
    const [resumed, again] = await Promise.all(
      [other, one].map((url) => collect(url, '/', { lastEventId, count: 3, timeoutMs: 15_000 })),
    )
    expect(resumed?.events[0]?.json()).toMatchObject({ resumed: true })
    expect(ticks(again?.events ?? [])).toEqual(ticks(resumed?.events ?? []))
    const known = ticks(seen?.events.slice(2) ?? []).slice(0, 3)
    expect(ticks(resumed?.events ?? []).slice(0, known.length)).toEqual(known)
  }, 60_000)
})

postgres.describe('processes that share a database', () => {
  let storage: Storage
  // Below node_modules, where programs find the packages as a user's do.
  const folder = mkdtempSync(join(root, 'node_modules', '.log-postgres-'))

  beforeAll(() => {
    buildPackages()
    writeFileSync(join(folder, 'publish.mjs'), publisher)
  }, 300_000)

  beforeEach(() => {
    storage = new Storage()
  })

  afterEach(() => storage.close())

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('store one event for one idempotency key, however often either publishes it, and all get its id', async () => {
    const answers = await Promise.all([1, 2].map((which) => run(which)))
    const ids = answers.flat()
    expect(ids).toHaveLength(200)
    expect(new Set(ids).size).toBe(1)
    expect(await storage.log().read('orders', { after: 'start', limit: 10 })).toMatchObject({ head: 1 })
  }, 30_000)

  test('end by themselves once log and pool are closed', async () => {
    // run() resolves with the end of the process, which calls no exit().
    await run(1)
    expect(await storage.connections()).toEqual([])
  }, 30_000)

  async function run(which: number): Promise<string[]> {
    const child = spawn(process.execPath, ['publish.mjs'], {
      cwd: folder,
      env: { ...process.env, SCHEMA: storage.schema, WHICH: String(which) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) lines.push(line)
    expect(await exited).toEqual([0, null])
    return lines
  }
})

/** Follows, publishes one event a hundred times, closes all, and says the ids that it got. */
const publisher = `
import { createChannel } from '@rivulet/core'
import { createPostgresLog } from '@rivulet/log-postgres'
import pg from 'pg'

const env = process.env
const pool = new pg.Pool({ host: env.PGHOST ?? '127.0.0.1', port: env.PGPORT ?? 5432, user: env.PGUSER ?? 'root', database: env.PGDATABASE ?? 'test' })
const log = createPostgresLog({ pool, schema: env.SCHEMA, migrate: true })
const orders = createChannel('orders', { log })
const { after } = await log.read('orders', { after: 'head', limit: 0 })
const { signal } = new AbortController()
log.tail('orders', { after, signal }, { entries() {}, reset() {}, error() {} })
const publish = () => orders.publish({ data: env.WHICH, idempotencyKey: 'the same' })
for (const { id } of await Promise.all(Array.from({ length: 100 }, publish))) console.log(id)
await log.close()
await pool.query('SELECT 1')
await pool.end()
`

/** True once events of two processes have come. */
function hasBoth(): (event: CollectedEvent) => boolean {
  const pids = new Set<unknown>()
  return (event) => {
    if (event.event === 'tick') pids.add((event.json() as { pid: number }).pid) // as the program publishes it
    return pids.size === 2
  }
}

function ticks(events: readonly CollectedEvent[]): string[] {
  return events.filter(({ event }) => event === 'tick').map(({ id, data }) => `${id} ${data}`)
}
