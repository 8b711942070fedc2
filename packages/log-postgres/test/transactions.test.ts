import { createChannel } from '@rivulet/core'
import { Client, type PoolClient } from 'pg'
import { Listener } from '../../../test/support/log-listener.ts'
import type { PostgresLog } from '../src/index.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { Storage, sharedServer } from './support/storage.ts'
import { dataOf, transaction } from './support/transaction.ts'

const everything = { after: 'start', limit: 10_000 } as const
const start = { epoch: 'none', offset: 0, check: '0' }

for (const { name, postgres, isShared } of servers) {
  postgres.describe(`publishing inside transactions, on ${name}`, () => {
    let server: OwnServer | null = null
    let storage: Storage
    let log: PostgresLog
    let pool: Storage['admin']

    beforeAll(async () => {
      if (!isShared) server = await OwnServer.start(postgres.path)
    })
    afterAll(() => server?.dispose())

    beforeEach(async () => {
      storage = new Storage(server?.config)
      pool = storage.pool({ max: 20 })
      log = storage.log({ pool })
      await log.migrate()
    })

    afterEach(() => storage.close())

    async function published(channel = 'orders'): Promise<string[]> {
      const result = await log.read(channel, everything)
      expect(result.entries.map(({ offset }) => offset)).toEqual(
        result.entries.map((_entry, index) => index + 1),
      )
      return dataOf(result.entries)
    }

    test('an event appears with the commit, and not before', async () => {
      await transaction(pool, async (client) => {
        await log.publishIn(client, 'orders', { data: 'one' })
        await log.publishIn(client, 'orders', { data: 'two' })
        expect(await published()).toEqual([])
      })
      expect(await published()).toEqual(['one', 'two'])
    })

    test('an event of a transaction that is rolled back never appears, and leaves no hole', async () => {
      await transaction(pool, (client) => log.publishIn(client, 'orders', { data: 'lost' }), {
        end: 'ROLLBACK',
      })
      await log.publishIn(await idle(), 'orders', { data: 'kept' })
      expect(await published()).toEqual(['kept'])
    })

    test('a savepoint that is rolled back takes its events along', async () => {
      await transaction(pool, async (client) => {
        await log.publishIn(client, 'orders', { data: 'one' })
        await client.query('SAVEPOINT s')
        await log.publishIn(client, 'orders', { data: 'lost' })
        await client.query('ROLLBACK TO s')
        await log.publishIn(client, 'orders', { data: 'two' })
      })
      expect(await published()).toEqual(['one', 'two'])
    })

    test('the event is what publish() would have stored, by the options of the channel', async () => {
      const channel = createChannel('orders', {
        log,
        serialize: (data) => `<${String(data)}>`,
        maxEventBytes: 10,
      })
      await transaction(pool, async (client) => {
        await log.publishIn(client, channel, { event: 'made', data: 7, topics: ['a', 'a', 'b'] })
        await log.publishIn(client, 'orders', { event: 'message', data: 8 })
        await log.publishIn(client, 'plain', { data: { id: 7 } })
      })
      await channel.publish({ event: 'made', data: 7, topics: ['a', 'a', 'b'] })
      const { entries } = await log.read('orders', everything)
      const bare = entries.map(({ at: _at, check: _check, offset: _offset, ...rest }) => rest)
      expect(bare[0]).toEqual({ v: 1, kind: 'event', event: 'made', data: '<7>', topics: ['a', 'b'] })
      expect(bare[1]).toEqual({ v: 1, kind: 'event', data: '<8>', topics: [] })
      expect(bare[2]).toEqual(bare[0])
      expect(await published('plain')).toEqual(['{"id":7}'])
      const client = await idle()
      await expect(log.publishIn(client, channel, { data: 'too large for it' })).rejects.toMatchObject({
        code: 'ERR_SSE_EVENT_TOO_LARGE',
      })
      await expect(log.publishIn(client, 'orders', { event: '$mine', data: 1 })).rejects.toMatchObject({
        code: 'ERR_SSE_EVENT_RESERVED',
      })
      await expect(log.publishIn(client, createChannel('orders'), { data: 1 })).rejects.toMatchObject({
        code: 'ERR_SSE_CHANNEL',
      })
      // A pool on purpose: its type has what a client's has, but no transaction.
      const wrong = pool as unknown as PoolClient
      await expect(log.publishIn(wrong, 'orders', { data: 1 })).rejects.toMatchObject({
        code: 'ERR_SSE_OPTION',
      })
    })

    test('a channel keeps the retention that it was created with', async () => {
      const channel = createChannel('orders', { log, retention: { maxEvents: 3 } })
      await transaction(pool, (client) => log.publishIn(client, channel, { data: 0 }))
      while ((await storage.sql('SELECT max_events FROM $schema.channels'))[0]?.[0] !== '3') await published()
      await transaction(pool, async (client) => {
        for (let index = 1; index < 10; index += 1) await log.publishIn(client, channel, { data: index })
      })
      const { entries, first, head } = await log.read('orders', everything)
      expect([first, head, dataOf(entries)]).toEqual([8, 10, ['7', '8', '9']])
    })

    test('the order is that of the commits, and who follows skips nothing', async () => {
      const listener = new Listener(log, 'orders', start)
      const [early, late] = [await idle(), await idle()]
      for (const client of [early, late]) await client.query('BEGIN')
      await log.publishIn(early, 'orders', { data: 'published first' })
      await log.publishIn(late, 'orders', { data: 'published second' })
      await late.query('COMMIT')
      await listener.until(({ entries }) => entries.length === 1)
      await early.query('COMMIT')
      await listener.until(({ entries }) => entries.length === 2)
      expect(listener.data).toEqual(['published second', 'published first'])
      await listener.stop()
    })

    test('an open transaction that has published holds nobody up', async () => {
      const client = await idle()
      await client.query('BEGIN')
      await log.publishIn(client, 'orders', { data: 'slow' })
      await createChannel('orders', { log }).publish({ data: 'quick' })
      await client.query('COMMIT')
      expect(await published()).toEqual(['quick', 'slow'])
    })

    test('1,000 transactions at once, 30 % of them rolled back, in two channels in changing order: exactly those that committed', async () => {
      const committed: string[] = []
      const listeners = ['a', 'b'].map((channel) => new Listener(log, channel, start))
      await Promise.all(
        Array.from({ length: 1_000 }, async (_each, index) => {
          const channels = index % 2 === 0 ? ['a', 'b'] : ['b', 'a']
          const end = index % 10 < 3 ? 'ROLLBACK' : 'COMMIT'
          const publishAll = async (client: PoolClient) => {
            for (const channel of channels) await log.publishIn(client, channel, { data: `${index}` })
          }
          await transaction(pool, publishAll, { end })
          if (end === 'COMMIT') committed.push(`${index}`)
        }),
      )
      expect(committed).toHaveLength(700)
      const [a, b] = [await published('a'), await published('b')]
      expect([...a].sort()).toEqual([...committed].sort())
      // One transaction is one moment: both channels have them in the same order.
      expect(b).toEqual(a)
      for (const listener of listeners) {
        await listener.until(({ entries }) => entries.length === 700)
        expect(listener.data).toEqual(a)
        await listener.stop()
      }
      expect(await storage.sql('SELECT count(*)::int FROM $schema.pending')).toEqual([[0]])
    }, 60_000)

    test('many events of one transaction are one batch', async () => {
      await transaction(pool, async (client) => {
        for (let index = 0; index < 1_000; index += 1) {
          await log.publishIn(client, 'orders', { data: index })
        }
      })
      expect(await published()).toEqual(Array.from({ length: 1_000 }, (_each, index) => `${index}`))
    })

    test('an idempotency key counts here as everywhere', async () => {
      const channel = createChannel('orders', { log })
      await channel.publish({ data: 'first', idempotencyKey: 'k' })
      await transaction(pool, async (client) => {
        await log.publishIn(client, channel, { data: 'again', idempotencyKey: 'k' })
        await log.publishIn(client, channel, { data: 'other', idempotencyKey: 'l' })
        await log.publishIn(client, channel, { data: 'other again', idempotencyKey: 'l' })
      })
      expect(await published()).toEqual(['first', 'other'])
    })

    test('an ended channel takes nothing, whether it ended before or while the transaction was open', async () => {
      const channel = createChannel('orders', { log })
      const client = await idle()
      await client.query('BEGIN')
      await log.publishIn(client, channel, { data: 'too late' })
      await channel.end()
      await expect(client.query('COMMIT')).rejects.toMatchObject({ code: 'SSE01' })
      await expect(log.publishIn(client, channel, { data: 1 })).rejects.toMatchObject({
        code: 'ERR_SSE_CHANNEL_ENDED',
      })
      expect(await published()).toEqual([''])
    })

    /** A client outside of any transaction, closed with the test's pool. */
    async function idle(): Promise<Client> {
      const client = new Client(server?.config ?? sharedServer)
      await client.connect()
      clients.push(client)
      return client
    }

    const clients: Client[] = []

    afterEach(async () => {
      for (const client of clients.splice(0)) await client.end()
    })
  })
}
