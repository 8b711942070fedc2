import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { Storage } from './support/storage.ts'
import { transaction } from './support/transaction.ts'

const postgres = needs('postgres')
const start = { epoch: 'none', offset: 0, check: '0' }

postgres.describe('following', () => {
  let storage: Storage

  beforeEach(() => {
    storage = new Storage()
  })

  afterEach(() => storage.close())

  test('takes one connection that listens, for any number of channels, and none once nobody follows', async () => {
    const log = storage.log()
    const channels = Array.from({ length: 50 }, (_each, index) => `channel ${index}`)
    const listeners = await Promise.all(channels.map((channel) => listen(log, channel)))
    expect(await storage.connections('listening')).toHaveLength(1)
    for (const listener of listeners) await listener.stop()
    while ((await storage.connections('listening')).length > 0) await settle()
  })

  test('holds no slot of the pool: one of a single client is enough', async () => {
    const log = storage.log({ pool: storage.pool({ max: 1 }) })
    const listeners = await Promise.all(['a', 'b', 'c'].map((channel) => listen(log, channel)))
    for (const listener of listeners) await listener.stop()
  })

  test('brings everything where equal notifications of one transaction are folded into one', async () => {
    const [log, writer] = [storage.log({ checkMs: 60_000 }), storage.log()]
    const listener = await listen(log, 'orders')
    await transaction(storage.admin, async (client) => {
      await client.query('SET CONSTRAINTS ALL IMMEDIATE')
      for (const data of ['one', 'two', 'three']) await writer.publishIn(client, 'orders', { data })
      // As anybody may.
      for (const _each of [1, 2, 3]) await client.query(`SELECT pg_notify($1, 'same')`, [storage.schema])
    })
    await listener.until(({ entries }) => entries.length === 4)
    expect(listener.data).toEqual(['first', 'one', 'two', 'three'])
    await listener.stop()
  })

  test('wakes for payloads that are larger than a notification may be', async () => {
    const [log, writer] = [storage.log({ checkMs: 60_000 }), storage.log()]
    const listener = await listen(log, 'orders')
    const sizes = [7_900, 7_999, 8_000, 8_001, 100_000]
    for (const size of sizes) await writer.append('orders', entry('x'.repeat(size)))
    await listener.until(({ entries }) => entries.length === 1 + sizes.length)
    expect(listener.data.slice(1).map(({ length }) => length)).toEqual(sizes)
    await listener.stop()
  })

  test('is no worse for notifications that make no sense', async () => {
    const [log, writer] = [storage.log(), storage.log()]
    const listener = await listen(log, 'orders')
    for (const payload of [
      '',
      'x',
      '   ',
      '- 0 0 orders',
      'a b c orders',
      'a 1 c nobody',
      '✓'.repeat(2_000),
    ]) {
      await storage.sql('SELECT pg_notify($1, $2)', [storage.schema, payload])
    }
    await writer.append('orders', entry('second'))
    await listener.until(({ entries }) => entries.length === 2)
    expect([listener.data, listener.resets]).toEqual([['first', 'second'], []])
    await listener.stop()
  })

  test('goes on by itself when the connection that listens is cut, and misses nothing', async () => {
    const [log, writer] = [storage.log({ checkMs: 60_000 }), storage.log()]
    const listener = await listen(log, 'orders')
    for (let cuts = 1; cuts <= 3; cuts += 1) {
      while ((await storage.cut('listening')) === 0) await settle()
      for (const part of [1, 2]) await writer.append('orders', entry(`after ${cuts}, ${part}`))
      await listener.until(({ entries }) => entries.length === 1 + 2 * cuts)
    }
    expect(listener.data.slice(1)).toEqual(
      [1, 2, 3].flatMap((cuts) => [`after ${cuts}, 1`, `after ${cuts}, 2`]),
    )
    expect(listener.errors.length).toBeGreaterThan(0)
    expect(listener.resets).toEqual([])
    await listener.stop()
  })

  test('polls where it can never listen', async () => {
    const elsewhere = { host: '127.0.0.1', port: 1 }
    const [log, writer] = [storage.log({ listenOn: elsewhere, maxPollMs: 100 }), storage.log()]
    const listener = new Listener(log, 'orders', start)
    await listener.until(({ errors }) => errors.length > 0)
    expect(listener.errors[0]).toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
    for (const data of ['one', 'two']) await writer.append('orders', entry(data))
    await listener.until(({ entries }) => entries.length === 2)
    expect(listener.data).toEqual(['one', 'two'])
    await listener.stop()
  })

  test.each([
    ['a file that is not there', 'postgres://127.0.0.1/test?sslmode=verify-full&sslrootcert=/not/there.pem'],
    ['an address that is none', 'postgres://127.0.0.1:port/test'],
  ])('polls and says so where the options to listen with name %s', async (_what, connectionString) => {
    const writer = storage.log()
    await writer.append('orders', entry('one'))
    const log = storage.log({ listenOn: { connectionString }, maxPollMs: 100, checkMs: 60_000 })
    const listener = new Listener(log, 'orders', start)
    await listener.until(({ entries }) => entries.length === 1)
    await listener.until(({ errors }) => errors.length > 0)
    expect(listener.errors[0]).toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
    await writer.append('orders', entry('two'))
    await listener.until(({ entries }) => entries.length === 2)
    expect(listener.data).toEqual(['one', 'two'])
    await listener.stop()
  })

  test('finds with its seldom look what a process has written that does not notify', async () => {
    const [log, writer] = [storage.log({ checkMs: 200 }), storage.log({ notify: false })]
    const listener = await listen(log, 'orders')
    await writer.append('orders', entry('silent'))
    await listener.until(({ entries }) => entries.length === 2)
    expect(listener.data).toEqual(['first', 'silent'])
    await listener.stop()
  })

  test('asks for 1,000 silent channels in one statement, ever more seldom', async () => {
    const pool = storage.pool()
    const log = storage.log({ pool, notify: false, checkMs: 60_000, minPollMs: 10, maxPollMs: 200 })
    const channels = Array.from({ length: 1_000 }, (_each, index) => `channel ${index}`)
    await log.migrate()
    await storage.sql('SELECT $schema.mend(name, NULL, false) FROM unnest($1::text[]) AS name', [channels])
    const bounds = await Promise.all(
      channels.map((channel) => log.read(channel, { after: 'head', limit: 0 })),
    )
    const listeners = channels.map(
      (channel, index) => new Listener(log, channel, bounds[index]?.after ?? start),
    )
    const polls = countStatements(pool)
    // Each looks once where it is; after that polls are all there is.
    await polls.atLeast('read', 1_000)
    const before = polls.count('heads')
    await polls.atLeast('heads', before + 10)
    expect(polls.count('read')).toBe(1_000)
    expect(polls.count('keep')).toBe(1)
    // 10, 20, 40, 80, 160 ms, then 200 each, and a quarter more or less.
    expect(polls.lastIntervalMs('heads')).toBeGreaterThan(100)
    await storage.log().append('channel 500', entry('at last'))
    await listeners[500]?.until(({ entries }) => entries.length === 1)
    await Promise.all(listeners.map((listener) => listener.stop()))
  })

  test('resets those who follow when the tables are truncated, and goes on', async () => {
    const log = storage.log()
    for (const tables of ['$schema.channels, $schema.entries', '$schema.entries', '$schema.channels']) {
      const listener = await listen(log, 'orders')
      await storage.sql(`TRUNCATE ${tables}`)
      await log.append('orders', entry('anew'))
      await listener.until(({ resets }) => resets.length > 0)
      await listener.until(({ data }) => data.at(-1) === 'anew')
      expect(listener.data.at(-2)).toBe('first')
      expect((await log.read('orders', { after: 'start', limit: 10 })).entries).toHaveLength(1)
      await log.delete('orders')
      await listener.stop()
    }
  })
})

/** Lets a server process end, or something come. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10))
}

/** What a pool runs, by the function that is called. */
function countStatements(pool: Storage['admin']) {
  const seen: { readonly text: string; readonly at: number }[] = []
  let wake = () => {}
  pool.on('acquire', (client) => {
    // Its own again with the first call: each checkout is for one statement.
    Reflect.set(client, 'query', (text: string, values: unknown[]) => {
      seen.push({ text, at: performance.now() })
      wake()
      Reflect.deleteProperty(client, 'query')
      return client.query(text, values)
    })
  })
  const calls = (name: string) => seen.filter(({ text }) => text.includes(`.${name}(`))
  return {
    count: (name: string) => calls(name).length,
    lastIntervalMs: (name: string) => {
      const [before, last] = calls(name).slice(-2)
      return (last?.at ?? 0) - (before?.at ?? 0)
    },
    async atLeast(name: string, count: number): Promise<void> {
      while (calls(name).length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
