import { createChannel } from '@rivulet/core'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLog } from '../src/index.ts'
import { Storage } from './support/storage.ts'
import { dataOf, transaction } from './support/transaction.ts'

const postgres = needs('postgres')

postgres.describe('sessions with settings of their own', () => {
  let storage: Storage
  let log: PostgresLog
  let pool: Storage['admin']

  beforeEach(async () => {
    storage = new Storage()
    pool = storage.pool()
    log = storage.log({ pool })
    await log.migrate()
  })

  afterEach(() => storage.close())

  async function published(): Promise<string[]> {
    return dataOf((await log.read('orders', { after: 'start', limit: 10_000 })).entries)
  }

  test.each(['REPEATABLE READ', 'SERIALIZABLE'])(
    'with %s a commit that comes behind others fails, as such transactions may',
    async (isolation) => {
      await createChannel('orders', { log }).publish({ data: 'before' })
      const attempt = (data: string, meanwhile: () => Promise<unknown>) =>
        transaction(
          pool,
          async (client) => {
            await client.query('SELECT 1 FROM pg_class LIMIT 1')
            await log.publishIn(client, 'orders', { data })
            await meanwhile()
          },
          { isolation },
        )
      await attempt('alone', async () => {})
      const overtaken = attempt('overtaken', () =>
        createChannel('orders', { log }).publish({ data: 'between' }),
      )
      await expect(overtaken).rejects.toMatchObject({ code: '40001' })
      await attempt('again', async () => {})
      expect(await published()).toEqual(['before', 'alone', 'between', 'again'])
    },
  )

  test('plain publishes succeed whatever isolation the database has as its default', async () => {
    const options = '-c default_transaction_isolation=serializable'
    const logs = [1, 2, 3].map(() => storage.log({ pool: storage.pool({ options }) }))
    const channels = logs.map((each) => createChannel('orders', { log: each }))
    await Promise.all(
      channels.flatMap((channel, which) =>
        Array.from({ length: 20 }, (_each, index) => channel.publish({ data: `${which} ${index}` })),
      ),
    )
    const all = await published()
    expect(all).toHaveLength(60)
    for (const which of [0, 1, 2]) {
      const own = all.filter((data) => data.startsWith(`${which} `))
      expect(own).toEqual(Array.from({ length: 20 }, (_each, index) => `${which} ${index}`))
    }
  })

  test('sessions that switch triggers off publish all the same', async () => {
    await transaction(pool, async (client) => {
      await client.query('SET LOCAL session_replication_role = replica')
      await log.publishIn(client, 'orders', { data: 'loaded' })
    })
    expect(await published()).toEqual(['loaded'])
  })

  test('SET CONSTRAINTS numbers at once, and still nothing is seen before the commit', async () => {
    expect(await published()).toEqual([])
    await transaction(pool, async (client) => {
      await client.query('SET CONSTRAINTS ALL IMMEDIATE')
      await log.publishIn(client, 'orders', { data: 'one' })
      expect(await published()).toEqual([])
    })
    expect(await published()).toEqual(['one'])
  })
})
