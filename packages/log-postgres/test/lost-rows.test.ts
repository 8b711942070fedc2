import { append, entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLog } from '../src/index.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')

postgres.describe('rows that are lost in the middle of a channel', () => {
  let storage: Storage
  let log: PostgresLog

  beforeEach(async () => {
    storage = new Storage()
    log = storage.log()
    await log.migrate()
  })

  afterEach(() => storage.close())

  async function lose(offset: number): Promise<void> {
    await storage.sql('DELETE FROM $schema.entries WHERE entry_offset = $1', [offset])
  }

  test('are told to who reads, also in a page that could be filled with what comes behind', async () => {
    const positions = await append(log, 'orders', 70)
    await lose(50)
    const page = await log.read('orders', { after: positions[39] ?? 'start', limit: 10 })
    expect(page).toMatchObject({ invalid: 'unknown', head: 0, entries: [] })
    expect(await log.append('orders', entry('anew'))).toMatchObject({ offset: 1 })
  })

  test('never move what is behind them to other offsets', async () => {
    const positions = await append(log, 'orders', 70)
    await lose(50)
    const page = await log.read('orders', { after: positions[54] ?? 'start', limit: 5 })
    expect(page.entries.map(({ offset, check }) => [offset, check])).toEqual(
      positions.slice(55, 60).map(({ offset, check }) => [offset, check]),
    )
    expect(await log.read('orders', { after: 'start', limit: 60 })).toMatchObject({ head: 0, entries: [] })
  })

  test('are a reset for who follows from before them', async () => {
    const [, second] = await append(log, 'orders', 600)
    await lose(50)
    const listener = new Listener(log, 'orders', second ?? { epoch: '', offset: 0, check: '0' })
    await listener.until(({ resets }) => resets.length === 1)
    await log.append('orders', entry('anew'))
    await listener.until(({ data }) => data.at(-1) === 'anew')
    expect(listener.data).toEqual(['anew'])
    await listener.stop()
  })

  test.each([
    ['number', { maxEvents: 10 }],
    ['size', { maxBytes: 10 * 100 }],
  ])('keep nobody from publishing where retention by %s comes to them', async (_what, retention) => {
    await log.configure('orders', { retention })
    const data = 'x'.repeat(100)
    for (let made = 0; made < 15; made += 1) await log.append('orders', entry(data))
    for (const offset of [6, 7]) await lose(offset)
    for (let made = 0; made < 5; made += 1) await log.append('orders', entry(data))
    expect(await log.read('orders', { after: 'start', limit: 100 })).toMatchObject({ first: 11, head: 20 })
    const listener = await listen(log, 'orders')
    expect(listener.resets).toEqual([])
    await listener.stop()
  })

  test('keep nobody from publishing where retention by age comes to them', async () => {
    await log.configure('orders', { retention: { maxAgeMs: 60_000 } })
    await append(log, 'orders', 10)
    await storage.sql('UPDATE $schema.entries SET published_at = 0 WHERE entry_offset <= 7')
    await lose(7)
    expect(await log.append('orders', entry())).toMatchObject({ offset: 11 })
  })
})
