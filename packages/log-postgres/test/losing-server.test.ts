import { createChannel } from '@rivulet/core'
import { type CollectedEvent, collect, createHistory } from '@rivulet/testing'
import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { OwnServer } from './support/own-server.ts'
import { Storage } from './support/storage.ts'
import { serveChannel } from './support/web-server.ts'

const postgres = needs('postgres')

postgres.describe('a server that fails', () => {
  const disposals: (() => Promise<void>)[] = []

  async function serve(): Promise<{ server: OwnServer; storage: Storage }> {
    const server = await OwnServer.start(postgres.path)
    const storage = new Storage(server.config)
    disposals.push(async () => {
      await storage.close()
      await server.dispose()
    })
    return { server, storage }
  }

  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
  })

  test('loses nothing that was acknowledged, killed with -9 and restarted under load', async () => {
    const { server, storage } = await serve()
    const publisher = storage.log()
    const listener = await listen(storage.log(), 'news')
    const stored = new Map<number, string>([[1, 'first']])
    let refused = 0
    const publish = async () => {
      const one = entry()
      await publisher.append('news', one).then(
        ({ offset }) => stored.set(offset, one.data),
        () => {
          refused += 1
        },
      )
    }
    for (let round = 0; round < 3; round += 1) {
      const before = Array.from({ length: 3_000 }, publish)
      await before[20]
      await server.kill()
      const during = Array.from({ length: 20 }, publish)
      await server.start()
      await Promise.all([...before, ...during])
    }
    expect(refused).toBeGreaterThan(0)
    while (stored.size === 1) await publish()
    const size = stored.size
    while (stored.size === size) await publish()
    const head = Math.max(...stored.keys())
    await listener.until(({ entries }) => (entries.at(-1)?.offset ?? 0) >= head)

    expect(listener.resets).toEqual([])
    expect(listener.entries.map(({ offset }) => offset)).toEqual(listener.entries.map((_each, i) => i + 1))
    for (const [offset, data] of stored) expect(listener.data[offset - 1]).toBe(data)
    expect(new Set(listener.data).size).toBe(listener.data.length)
    expect(listener.data.length - stored.size).toBeLessThanOrEqual(refused)
    await listener.stop()
  }, 60_000)

  test('a restored backup is told to every client, whether it is connected or comes back, and then goes on', async () => {
    const { server, storage } = await serve()
    const history = createHistory()
    const channel = createChannel('news', { log: storage.log({ answerMs: 1_000 }) })
    const publish = async (n: number) => (await history.publish(channel, { event: 'tick', data: { n } })).id
    await using web = await serveChannel(channel, { from: 'start' })
    const ids: string[] = []
    for (const n of [1, 2, 3]) ids.push(await publish(n))
    await server.whileStopped((data) => server.backUp(data))
    await eventually(async () => ids.push(await publish(4)))

    const record = history.client()
    const connection = record.connect().subscribe('news', { from: 'start' })
    const seen: CollectedEvent[] = []
    let haveFour = () => {}
    const four = new Promise<void>((resolve) => {
      haveFour = resolve
    })
    const connected = collect(web.url, '/', {
      until: (event) => {
        seen.push(event)
        connection.received(event)
        if (numbers(seen).at(-1) === 4) haveFour()
        return numbers(seen).at(-1) === 6
      },
      timeoutMs: 30_000,
    })
    await four
    history.lost('news', ids[2])
    await server.whileStopped((data) => server.restore(data))
    await eventually(() => publish(5))
    await publish(6)
    await connected
    connection.cut()
    expect(seen.filter(({ event }) => event === '$gap').map((event) => event.json())).toEqual([
      { channel: 'news', reason: 'unknown', missed: null },
    ])

    const back = await collect(web.url, '/', { lastEventId: ids[3] ?? '', count: 5, timeoutMs: 10_000 })
    const returned = history
      .client()
      .connect(ids[3] ?? null)
      .subscribe('news', { from: 'start' })
    for (const event of back.events) returned.received(event)
    expect(back.events[0]?.event).toBe('$gap')
    expect(numbers(back.events)).toEqual([1, 2, 3, 5, 6])
    history.assertExact()
  }, 60_000)
})

postgres.describe('a standby', () => {
  const disposals: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
  })

  test('that is behind asks for patience, and says nothing of a gap', async () => {
    const primary = await OwnServer.start(postgres.path)
    disposals.push(() => primary.dispose())
    const before = new Storage(primary.config)
    disposals.push(() => before.close())
    const log = before.log()
    const first = await log.append('news', entry('first'))
    const standby = await primary.startStandby()
    disposals.push(() => standby.dispose())
    const after = new Storage(standby.config)
    disposals.push(() => after.close())
    const reader = after.log({ schema: before.schema, migrate: false })

    await after.admin.query('SELECT pg_wal_replay_pause()')
    const paused = `SELECT pg_get_wal_replay_pause_state()`
    while ((await after.sql(paused))[0]?.[0] !== 'paused') await new Promise(setImmediate)
    const ahead = await log.append('news', entry('seen elsewhere'))
    await log.append('news', entry('last'))
    await expect(reader.read('news', { after: ahead, limit: 10 })).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_UNREACHABLE',
      cause: { code: 'SSE03' },
    })
    expect(await reader.read('news', { after: first, limit: 10 })).toMatchObject({ head: 1, entries: [] })
    const listener = new Listener(reader, 'news', ahead)
    await listener.until(({ errors }) => errors.length > 0)
    await after.admin.query('SELECT pg_wal_replay_resume()')
    await listener.until(({ entries }) => entries.length > 0)
    expect([listener.data, listener.resets]).toEqual([['last'], []])
    await listener.stop()
  }, 40_000)

  test('serves readers, takes no appends, and once it is promoted knows what it has lost', async () => {
    const primary = await OwnServer.start(postgres.path)
    disposals.push(() => primary.dispose())
    const before = new Storage(primary.config)
    disposals.push(() => before.close())
    const log = before.log()
    await log.migrate()
    const standby = await primary.startStandby()
    disposals.push(() => standby.dispose())
    const after = new Storage(standby.config)
    disposals.push(() => after.close())
    const promoted = after.log({ schema: before.schema, migrate: false })

    const kept = await log.append('news', entry('kept'))
    const listener = new Listener(promoted, 'news', { ...kept, offset: 0, check: '0' })
    await listener.until(({ entries }) => entries.length === 1)
    await expect(promoted.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_READ_ONLY' })
    // What is committed while the standby is away is lost with the primary.
    await standby.kill()
    const lost = [await log.append('news', entry('lost')), await log.append('news', entry('lost too'))]
    await primary.kill()
    await standby.start()
    await after.admin.query('SELECT pg_promote()')
    await eventually(() => promoted.append('news', entry('another'), { idempotencyKey: 'another' }))
    for (let count = 0; count < 3; count += 1) await promoted.append('news', entry())

    for (const position of lost) {
      expect(await promoted.read('news', { after: position, limit: 0 })).toMatchObject({
        invalid: 'unknown',
        head: 5,
      })
    }
    expect(await promoted.read('news', { after: kept, limit: 0 })).not.toHaveProperty('invalid')
    await listener.until(({ entries }) => entries.length === 5)
    expect([listener.data.slice(0, 2), listener.resets]).toEqual([['kept', 'another'], []])
    await listener.stop()
    const misled = new Listener(promoted, 'news', lost[1] ?? kept)
    await misled.until(({ resets, entries }) => resets.length === 1 && entries.length === 5)
    await misled.stop()
  }, 40_000)
})

postgres.describe('clients of a channel', () => {
  let storage: Storage

  beforeEach(() => {
    storage = new Storage()
  })

  afterEach(() => storage.close())

  test('are told when the tables are truncated, and go on', async () => {
    const channel = createChannel('news', { log: storage.log() })
    await channel.publish({ data: 1 })
    await using web = await serveChannel(channel, { from: 'start' })
    let truncated: Promise<unknown> | undefined
    const { events } = await collect(web.url, '/', {
      until: ({ data }) => {
        if (data === '1') {
          truncated = storage
            .sql('TRUNCATE $schema.channels, $schema.entries, $schema.idempotency_keys')
            .then(() => channel.publish({ data: 2 }))
        }
        return data === '2'
      },
      timeoutMs: 10_000,
    })
    await truncated
    expect(events.map(({ event }) => event)).toEqual(['$ready', 'message', '$gap', '$ready', 'message'])
  })

  test('that come back behind what is kept are told how many events they missed', async () => {
    const channel = createChannel('news', { log: storage.log(), retention: { maxEvents: 10 } })
    await channel.head()
    const { id } = await channel.publish({ data: 'seen' })
    for (let index = 1; index <= 25; index += 1) await channel.publish({ data: index })
    await using web = await serveChannel(channel)
    const { events } = await collect(web.url, '/', { lastEventId: id, count: 10, timeoutMs: 10_000 })
    expect(events[0]?.json()).toEqual({ channel: 'news', reason: 'expired', missed: 15 })
    expect(events.slice(2).map(({ data }) => Number(data))).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
  })

  test('that come after an ended channel was trimmed are told so, on every node', async () => {
    const retention = { maxEvents: 1, maxAgeMs: 60_000 }
    const [here, there] = [storage.log(), storage.log()].map((log) =>
      createChannel('news', { log, retention }),
    )
    if (here === undefined || there === undefined) throw new Error('There are two.')
    await using web = await serveChannel(here, { from: 'start' })
    await using elsewhere = await serveChannel(there, { from: 'start' })
    const connected = [web, elsewhere].map(({ url }) =>
      collect(url, '/', { until: ({ event }) => event === '$end', timeoutMs: 10_000 }),
    )
    await here.publish({ data: 1 })
    await here.end()
    for (const { events } of await Promise.all(connected)) expect(events.at(-1)?.event).toBe('$end')
    await storage.sql('UPDATE $schema.entries SET published_at = 0')
    expect(await there.publish({ data: 2 }).catch((error: unknown) => error)).toMatchObject({
      code: 'ERR_SSE_CHANNEL_ENDED',
    })
    for (const { url } of [web, elsewhere]) {
      const { events, ended } = await collect(url, '/', { timeoutMs: 10_000 })
      expect([events.at(-1)?.event, ended]).toEqual(['$end', true])
    }
  })
})

function numbers(events: readonly CollectedEvent[]): unknown[] {
  return events.filter(({ event }) => event === 'tick').map((event) => (event.json() as { n: unknown }).n) // as published
}

/** Tries again while a server comes back; the test's own time limit ends it. */
async function eventually(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
