import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createPostgresLog } from '../src/index.ts'
import { migrationSql } from '../src/sql/migration.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')

/** With `UPDATE_MIGRATION=true` the file is written instead. */
test('migration.sql is what migrate() runs', () => {
  const file = fileURLToPath(new URL('../migration.sql', import.meta.url))
  if (process.env.UPDATE_MIGRATION === 'true') writeFileSync(file, migrationSql('rivulet'))
  expect(readFileSync(file, 'utf8')).toBe(migrationSql('rivulet'))
})

postgres.describe('migrating', () => {
  let storage: Storage

  beforeEach(() => {
    storage = new Storage()
  })

  afterEach(() => storage.close())

  test('may be called by many at once, and again', async () => {
    const logs = Array.from({ length: 8 }, () => storage.log({ migrate: false }))
    await Promise.all(logs.map((log) => log.migrate()))
    const offsets = await Promise.all(logs.map((log) => log.append('orders', entry())))
    expect(offsets.map(({ offset }) => offset).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    await storage.admin.query(migrationSql(storage.schema))
    await logs[0]?.migrate()
    expect(await logs[1]?.read('orders', { after: 'head', limit: 0 })).toMatchObject({ first: 1, head: 8 })
  })

  test('happens by itself where it is asked for, with the first call', async () => {
    const log = storage.log({ migrate: true })
    const positions = await Promise.all(Array.from({ length: 5 }, () => log.append('orders', entry())))
    expect(positions.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5])
  })

  test('leaves nothing to be done that was called before and is ready after close()', async () => {
    const log = storage.log({ migrate: true })
    const closed = { code: 'ERR_SSE_LOG_CLOSED' }
    const calls = [
      log.append('orders', entry()),
      log.configure('orders', { retention: {} }),
      log.read('orders', { after: 'start', limit: 1 }),
    ]
    const closing = log.close()
    for (const call of calls) await expect(call).rejects.toMatchObject(closed)
    await closing
    await storage.log().migrate()
    expect(await storage.sql('SELECT name FROM $schema.channels')).toEqual([])
  })

  test('is missed with advice where it has not been run', async () => {
    const log = storage.log({ migrate: false })
    const failure = { code: 'ERR_SSE_LOG_SCHEMA', message: expect.stringContaining('log.migrate()') }
    await expect(log.append('orders', entry())).rejects.toMatchObject(failure)
    await expect(log.read('orders', { after: 'start', limit: 1 })).rejects.toMatchObject(failure)
    const client = await storage.admin.connect()
    await expect(log.publishIn(client, 'orders', { data: 1 })).rejects.toMatchObject(failure)
    client.release()
    await log.migrate()
    expect(await log.append('orders', entry())).toMatchObject({ offset: 1 })
    await storage.sql('DROP TABLE $schema.entries')
    await expect(log.append('orders', entry())).rejects.toMatchObject(failure)
  })

  test('goes on with the tables of version 1', async () => {
    await storage.log().migrate()
    await storage.sql('ALTER TABLE $schema.pending ADD COLUMN published_at bigint NOT NULL')
    await storage.sql(`COMMENT ON SCHEMA $schema IS 'rivulet 1'`)
    const log = storage.log()
    await log.migrate()
    const client = await storage.admin.connect()
    await log.publishIn(client, 'orders', { data: 1 })
    client.release()
    expect(await log.read('orders', { after: 'head', limit: 0 })).toMatchObject({ head: 1 })
  })

  test('leaves what a newer version has made', async () => {
    const log = storage.log({ migrate: false })
    await storage.sql(`CREATE SCHEMA $schema`)
    await storage.sql(`COMMENT ON SCHEMA $schema IS 'rivulet 999'`)
    await log.migrate()
    expect(
      await storage.sql(`SELECT count(*)::int FROM pg_class WHERE relnamespace = '$schema'::regnamespace`),
    ).toEqual([[0]])
  })

  test('takes any name for the schema', async () => {
    const schema = `${storage.schema.slice(0, 40)} "it's" \\`
    const log = storage.log({ schema })
    try {
      await log.append('orders', entry('one'))
      const { rows } = await storage.admin.query(`SELECT nspname FROM pg_namespace WHERE nspname = $1`, [
        schema,
      ])
      expect(rows).toHaveLength(1)
    } finally {
      await storage.admin.query(`DROP SCHEMA "${schema.replaceAll('"', '""')}" CASCADE`)
    }
  })

  test('options that make no sense are refused at once', () => {
    const pool = storage.pool()
    const refusal = expect.objectContaining({ code: 'ERR_SSE_OPTION' })
    for (const wrong of [
      {},
      { pool: {} },
      { pool, schema: '' },
      { pool, schema: 'pg_mine' },
      { pool, schema: 'x'.repeat(64) },
      { pool, migrate: 'yes' },
      { pool, answerMs: 0 },
      { pool, minPollMs: Number.NaN },
      { pool, listenOn: 'postgres://' },
      { pool, shema: 'typo' },
    ]) {
      // Wrong on purpose: what a program without types may pass.
      expect(() => createPostgresLog(wrong as Parameters<typeof createPostgresLog>[0])).toThrow(refusal)
    }
  })
})
