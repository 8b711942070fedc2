import { createChannel } from '@rivulet/core'
import { entry, eventually, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLog } from '../src/index.ts'
import { Storage } from './support/storage.ts'
import { dataOf, transaction } from './support/transaction.ts'

const postgres = needs('postgres')
const mebibyte = 1024 * 1024

postgres.describe('what is kept', () => {
  let storage: Storage
  let log: PostgresLog

  beforeEach(async () => {
    storage = new Storage()
    log = storage.log()
    await log.migrate()
  })

  afterEach(() => storage.close())

  async function sizeOf(table: string): Promise<number> {
    const [row] = await storage.sql(`SELECT pg_total_relation_size('$schema.${table}')::int`)
    return Number(row?.[0])
  }

  async function rowsOf(table: string): Promise<number> {
    const [row] = await storage.sql(`SELECT count(*)::int FROM $schema.${table}`)
    return Number(row?.[0])
  }

  test('tables stay small while 50,000 events go through a channel that keeps 100', async () => {
    const channel = createChannel('busy', { log, retention: { maxEvents: 100 } })
    await channel.head()
    const sizes: number[] = []
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(
        Array.from({ length: 1_000 }, (_each, index) => channel.publish({ data: `${index}`.padEnd(100) })),
      )
      sizes.push(await sizeOf('entries'))
    }
    const { first, head } = await log.read('busy', { after: 'head', limit: 0 })
    expect([first, head]).toEqual([49_901, 50_000])
    // 50,000 of them take about 13 MiB. What is dead is used again after each 10,000.
    expect(await sizeOf('entries')).toBeLessThan(6 * mebibyte)
    expect(sizes[49]).toBeLessThanOrEqual(1.5 * Math.max(...sizes.slice(0, 25)))
    // One row that was changed some hundred times at least.
    expect(await sizeOf('channels')).toBeLessThan(mebibyte / 4)
    expect(await rowsOf('entries')).toBeLessThan(100 + 64 + 256)
  }, 120_000)

  test('single publishes delete many rows at a time, not one each', async () => {
    await log.configure('slow', { retention: { maxEvents: 10 } })
    const counts: number[] = []
    for (let index = 0; index < 150; index += 1) {
      await log.append('slow', entry())
      counts.push(await rowsOf('entries'))
    }
    const deletions = counts.filter((count, index) => count < (counts[index - 1] ?? 0))
    expect(deletions).toHaveLength(2)
    expect(Math.max(...counts)).toBeLessThan(10 + 64 + 1)
  })

  test('large payloads do not wait for many others until they are deleted', async () => {
    await log.configure('large', { retention: { maxBytes: mebibyte } })
    for (let index = 0; index < 12; index += 1) await log.append('large', entry('x'.repeat(mebibyte / 2)))
    expect(await rowsOf('entries')).toBeLessThan(2 + 2 + 1)
  })

  test('a retention that was cut down is caught up with in pieces', async () => {
    await Promise.all(Array.from({ length: 5_000 }, () => log.append('long', entry())))
    await log.configure('long', { retention: { maxEvents: 10 } })
    expect(await log.read('long', { after: 'head', limit: 0 })).toMatchObject({ first: 4_991, head: 5_000 })
    expect(await rowsOf('entries')).toBe(3_000)
    for (const _each of [1, 2]) await log.append('long', entry())
    expect(await rowsOf('entries')).toBeLessThan(10 + 64 + 2)
  })

  test('the age of an event is counted by the clock of the server, whatever that of its publisher says', async () => {
    await log.configure('orders', { retention: { maxAgeMs: 60_000 } })
    const now = Date.now()
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now - 3_600_000)
    const channel = createChannel('orders', { log, retention: { maxAgeMs: 60_000 } })
    await channel.publish({ data: 'alone' })
    await channel.publish({ data: 'with a key', idempotencyKey: 'key' })
    await transaction(storage.admin, (client) => log.publishIn(client, channel, { data: 'in a transaction' }))
    clock.mockRestore()
    const { entries } = await log.read('orders', { after: 'start', limit: 10 })
    expect(dataOf(entries)).toEqual(['alone', 'with a key', 'in a transaction'])
    expect(entries.map(({ at }) => at)).toEqual(Array(3).fill(now - 3_600_000))
  })

  test('what a transaction leaves behind in the table of pending events is used again', async () => {
    const client = await storage.admin.connect()
    const sizes: number[] = []
    for (let round = 0; round < 5; round += 1) {
      await client.query('BEGIN')
      for (let index = 0; index < 400; index += 1) await log.publishIn(client, 'orders', { data: index })
      await client.query('COMMIT')
      await client.query(`VACUUM ${storage.schema}.pending`)
      sizes.push(await sizeOf('pending'))
    }
    client.release()
    expect(sizes[4]).toBeLessThanOrEqual(2 * (sizes[0] ?? 0))
  })

  test('channels that are neither published to nor followed are forgotten, others stay', async () => {
    const listener = await listen(log, 'followed')
    for (const channel of ['forgotten', 'kept for ever', 'not yet']) await log.append(channel, entry())
    for (const channel of ['followed', 'forgotten'])
      await log.configure(channel, { retention: { idleMs: 1_000 } })
    await log.configure('kept for ever', { retention: { idleMs: false } })
    await storage.sql(`UPDATE $schema.channels SET used_at = used_at - interval '1 hour'`)
    await storage.sql(
      `INSERT INTO $schema.idempotency_keys SELECT id, 'old', 1, 'x', now() - interval '1 s' FROM $schema.channels`,
    )
    await storage.sql(
      `INSERT INTO $schema.entries VALUES (1000000, 1, 1, 1, 'lost', 'of a channel that is gone')`,
    )
    await storage.sql(`SELECT $schema.keep($1), $schema.clean(true)`, [['followed']])
    const names = await storage.sql('SELECT name FROM $schema.channels ORDER BY name')
    expect(names.flat()).toEqual(['followed', 'kept for ever', 'not yet'])
    expect([await rowsOf('entries'), await rowsOf('idempotency_keys')]).toEqual([3, 0])
    await log.append('followed', entry('second'))
    await listener.until(({ entries }) => entries.length === 2)
    expect(listener.resets).toEqual([])
    await listener.stop()
  })

  test('a process that only follows keeps its channels in use', async () => {
    const listener = await listen(log, 'followed')
    await storage.sql(`UPDATE $schema.channels SET used_at = used_at - interval '1 hour'`)
    const now = performance.now.bind(performance)
    const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + 120_000)
    const isFresh = `SELECT used_at > now() - interval '1 minute' FROM $schema.channels`
    while ((await storage.sql(isFresh))[0]?.[0] !== true) await new Promise(setImmediate)
    later.mockRestore()
    await listener.stop()
  })

  test('a channel that has just got a subscriber is kept by whoever cleans up', async () => {
    await log.configure('orders', { retention: { idleMs: 300_000 } })
    const { epoch } = await log.append('orders', entry('kept'))
    const age = (seconds: number) =>
      storage.sql('UPDATE $schema.channels SET used_at = used_at - make_interval(secs => $1)', [seconds])
    await age(270)
    const listener = new Listener(storage.log(), 'orders', { epoch, offset: 0, check: '0' })
    const isFresh = `SELECT used_at > now() - interval '1 minute' FROM $schema.channels`
    await eventually(
      () => storage.sql(isFresh),
      ([row]) => row?.[0] === true,
    )
    await age(40)
    await storage.sql('SELECT $schema.clean(true)')
    expect(await log.read('orders', { after: 'start', limit: 10 })).toMatchObject({ epoch, head: 1 })
    expect(listener.resets).toEqual([])
    await listener.stop()
  }, 5_000)

  test('one of many cleans up, once a minute', async () => {
    await storage.sql(`SELECT $schema.clean(false)`)
    await log.append('orders', entry())
    await storage.sql(`UPDATE $schema.channels SET used_at = used_at - interval '2 days'`)
    await storage.sql(`SELECT $schema.clean(false)`)
    expect(await rowsOf('channels')).toBe(1)
    await storage.sql(`UPDATE $schema.upkeep SET done_at = done_at - interval '1 minute'`)
    await storage.sql(`SELECT $schema.clean(false)`)
    expect(await rowsOf('channels')).toBe(0)
  })
})
