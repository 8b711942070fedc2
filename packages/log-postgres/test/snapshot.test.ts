import { createChannel } from '@rivulet/core'
import { collect } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLog } from '../src/index.ts'
import { Storage } from './support/storage.ts'
import { transaction } from './support/transaction.ts'
import { serveChannel } from './support/web-server.ts'

const postgres = needs('postgres')

/** What the events of these tests carry: a new version of an item. */
interface Item {
  readonly id: number
  readonly version: number
}

postgres.describe('a snapshot with its position', () => {
  let storage: Storage
  let pool: Storage['admin']
  let log: PostgresLog

  beforeEach(async () => {
    storage = new Storage()
    pool = storage.pool()
    log = storage.log({ pool })
    await log.migrate()
    await storage.sql('CREATE TABLE $schema.items (id int PRIMARY KEY, version int NOT NULL)')
    await storage.sql('INSERT INTO $schema.items SELECT id, 0 FROM generate_series(1, 5) AS id')
  })

  afterEach(() => storage.close())

  /** Changes an item and publishes the change, in one transaction. */
  async function change(id: number): Promise<void> {
    await transaction(pool, async (client) => {
      const { rows } = await client.query<Item>(
        `UPDATE ${storage.schema}.items SET version = version + 1 WHERE id = $1 RETURNING id, version`,
        [id],
      )
      await log.publishIn(client, 'items', { event: 'changed', data: rows[0] })
    })
  }

  test('is followed by exactly what has changed since, each change once, while others go on changing', async () => {
    const channel = createChannel('items', { log })
    await using server = await serveChannel(channel, {
      snapshot: async () =>
        transaction(
          pool,
          async (client) => {
            const position = await log.headIn(client, channel)
            const { rows } = await client.query<Item>(
              `SELECT id, version FROM ${storage.schema}.items ORDER BY id`,
            )
            return { events: [{ event: 'state', data: rows }], position }
          },
          { isolation: 'REPEATABLE READ READ ONLY' },
        ),
    })
    let isDone = false
    const writers = [1, 2, 3, 4, 5].map(async (id) => {
      while (!isDone) await change(id)
    })
    const clients = Array.from({ length: 6 }, async () => {
      for (let visit = 0; visit < 5; visit += 1) {
        const { events } = await collect(server.url, '/', { count: 30, timeoutMs: 15_000 })
        expect(events.map(({ event }) => event).slice(0, 2)).toEqual(['state', '$ready'])
        const state = events[0]?.json() as Item[] // as the snapshot gives it
        const versions = new Map(state.map(({ id, version }) => [id, version]))
        for (const { id, version } of events.slice(2).map((event) => event.json() as Item)) {
          expect([id, version]).toEqual([id, (versions.get(id) ?? Number.NaN) + 1])
          versions.set(id, version)
        }
      }
    })
    await Promise.all(clients).finally(() => {
      isDone = true
    })
    await Promise.all(writers)
  }, 60_000)

  test('begins with the first event where the channel is younger than the transaction', async () => {
    const client = await pool.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query('SELECT 1 FROM pg_class LIMIT 1')
    await change(1)
    const position = await log.headIn(client, 'items')
    await client.query('COMMIT')
    client.release()
    const channel = createChannel('items', { log })
    await using server = await serveChannel(channel, { from: position })
    const { events } = await collect(server.url, '/', { count: 1 })
    expect(events.map(({ event }) => event)).toEqual(['$ready', 'changed'])
    expect(await channel.head()).toBe(events[1]?.id)
  })

  test('is the id that head() gives, where nothing is in between', async () => {
    const channel = createChannel('items', { log })
    for (const id of [1, 2, 3]) await change(id)
    const client = await pool.connect()
    expect(await log.headIn(client, channel)).toBe(await channel.head())
    expect(await log.headIn(client, 'items')).toBe(await channel.head())
    client.release()
    await expect(log.headIn(client, createChannel('items'))).rejects.toMatchObject({
      code: 'ERR_SSE_CHANNEL',
    })
  })
})
