import { createChannel } from '@rivulet/core'
import { describeLog } from '@rivulet/testing'
import { listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLogOptions } from '../src/index.ts'
import { PgBouncer } from './support/pgbouncer.ts'
import { Storage, sharedServer } from './support/storage.ts'

const pgbouncer = needs('pgbouncer')
let bouncer: PgBouncer

beforeAll(async () => {
  if (pgbouncer.isAvailable) bouncer = await PgBouncer.start(pgbouncer.path, sharedServer)
})
afterAll(() => bouncer?.dispose())

for (const [name, options] of [
  ['that polls', { notify: false, maxPollMs: 100 }],
  ['that listens past it', { listenOn: sharedServer }],
] as const) {
  describeLog(
    `a PostgreSQL log through PgBouncer ${name}`,
    () => {
      const storage = new Storage()
      return {
        open: () => openThrough(storage, options),
        interrupt: async () => {
          await storage.cut()
        },
        rollBack: (channel, offset) => storage.rollBack(channel, offset),
        close: () => storage.close(),
      }
    },
    { describe: pgbouncer.describe },
  )
}

pgbouncer.describe('through PgBouncer with pool_mode = transaction', () => {
  let storage: Storage
  beforeEach(() => {
    storage = new Storage()
  })
  afterEach(() => storage.close())

  test('a client gets another connection with another transaction, and names nothing that the other would not know', async () => {
    const pool = storage.pool({ ...bouncer.config, max: 4 })
    const log = openThrough(storage, { pool, notify: false, maxPollMs: 50 })
    const listener = await listen(log, 'news')
    const pids = new Set<number>()
    for (let n = 0; n < 10; n += 1) {
      await Promise.all(['a', 'b', 'c'].map((channel) => log.append(channel, entryOf(n))))
      await log.append('news', entryOf(n))
      const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      pids.add(rows[0]?.pid ?? 0)
    }
    await listener.until(({ entries }) => entries.length === 11)
    expect(listener.data.slice(1)).toEqual(Array.from({ length: 10 }, (_, n) => String(n)))
    expect(pids.size).toBeGreaterThan(1)
    await listener.stop()
  })

  test('an event of a transaction appears if and only if that commits', async () => {
    const pool = storage.pool({ ...bouncer.config, max: 4 })
    const log = openThrough(storage, { pool, notify: false, maxPollMs: 50 })
    await log.migrate()
    const listener = await listen(log, 'orders')
    const channel = createChannel('orders', { log })
    for (const end of ['ROLLBACK', 'COMMIT']) {
      const client = await pool.connect()
      await client.query('BEGIN')
      await log.publishIn(client, channel, { data: end })
      await client.query(end)
      client.release()
    }
    await log.append('orders', entryOf(1))
    await listener.until(({ entries }) => entries.length === 3)
    expect(listener.entries.map(({ data, offset }) => [offset, data])).toEqual([
      [1, 'first'],
      [2, 'COMMIT'],
      [3, '1'],
    ])
    await listener.stop()
  })
})

function openThrough(storage: Storage, options: Partial<PostgresLogOptions>) {
  return storage.log({ pool: storage.pool(bouncer.config), ...options })
}

function entryOf(n: number) {
  return {
    v: 1,
    kind: 'event',
    data: String(n),
    topics: [],
    at: Date.now(),
    check: String(n).padStart(4, 'c'),
  } as const
}
