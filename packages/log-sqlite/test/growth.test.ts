import { statSync } from 'node:fs'
import type { EventLog } from '@rivulet/core'
import { entry, followFromHead } from '../../../test/support/log-listener.ts'
import { Storage } from './support/storage.ts'

const KiB = 1024
let storage: Storage
beforeEach(() => {
  storage = new Storage()
})
afterEach(() => storage.close())

/** Stores so many kibibytes, a batch at a time. */
async function write(log: EventLog, channel: string, kibibytes: number): Promise<void> {
  const data = 'x'.repeat(10 * KiB)
  for (let done = 0; done < kibibytes; done += 1_000) {
    await Promise.all(Array.from({ length: 100 }, () => log.append(channel, entry(data))))
  }
}

function sizeOf(suffix: string): number {
  return statSync(storage.file + suffix, { throwIfNoEntry: false })?.size ?? 0
}

/** Asks until it holds; the test's own time limit ends the waiting. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('pages of what was trimmed are used again: the file stays as large as what it keeps', async () => {
  const log = storage.log()
  await log.configure('news', { retention: { maxEvents: 100 } })
  await write(log, 'news', 5_000)
  const before = sizeOf('')
  await write(log, 'news', 30_000)
  expect(sizeOf('')).toBeLessThan(Math.max(before, 5_000 * KiB) * 2)
  expect(await log.read('news', { after: 'start', limit: 0 })).toMatchObject({ first: 3_401, head: 3_500 })
})

test('what was trimmed is hidden at once, and deleted soon', async () => {
  const log = storage.log()
  await log.configure('news', { retention: { maxEvents: 5 } })
  const outsider = await storage.outsider()
  const stored: number[] = []
  for (let head = 1; head <= 100; head += 1) {
    await log.append('news', entry())
    const { first, entries } = await log.read('news', { after: 'start', limit: 100 })
    expect([first, entries.length]).toEqual([Math.max(1, head - 4), Math.min(head, 5)])
    const [row] = await outsider.run('SELECT count(*) AS count FROM entry')
    stored.push(Number(row?.count))
  }
  expect(Math.max(...stored)).toBeLessThan(5 + 32)
  expect(Math.min(...stored.slice(40))).toBeLessThan(10)
})

test('a large channel that is deleted is gone at once, cleared away little by little, and its pages given back', async () => {
  const log = storage.log({ checkMs: 150 })
  await log.configure('news', { retention: { maxBytes: 100_000 * KiB } })
  await write(log, 'news', 30_000)
  await log.delete('news')
  expect(await log.read('news', { after: 'start', limit: 10 })).toMatchObject({ head: 0, entries: [] })
  const outsider = await storage.outsider()
  await until(async () => {
    const [counts] = await outsider.run(
      'SELECT (SELECT count(*) FROM entry) AS entries, (SELECT count(*) FROM dropped) AS dropped',
    )
    return counts?.entries === 0 && counts.dropped === 0
  })
  await until(async () => {
    await outsider.run('PRAGMA wal_checkpoint(TRUNCATE)')
    return sizeOf('') < 10_000 * KiB
  })
})

test('the WAL that a long reader has kept from beginning anew shrinks once that is gone', async () => {
  const log = storage.log({ checkMs: 150 })
  await log.configure('news', { retention: { maxEvents: 100 } })
  await log.append('news', entry())
  const reader = await storage.outsider()
  await reader.run('BEGIN')
  await reader.run('SELECT count(*) FROM entry')
  await write(log, 'news', 40_000)
  expect(sizeOf('-wal')).toBeGreaterThan(40_000 * KiB)
  await reader.run('COMMIT')
  await until(async () => {
    await log.append('news', entry())
    return sizeOf('-wal') <= 32 * 1024 * KiB
  })
})

test.each([
  ['one', 1, 4_000],
  ['20', 20, 40_000],
])(
  'the WAL stays small for as long as is published, by %s at a time, with one who follows',
  async (_who, width, count) => {
    const log = storage.log({ synchronous: 'normal' })
    const listener = await followFromHead(log, 'news')
    let [next, largest] = [0, 0]
    const publish = async () => {
      while (next < count) {
        next += 1
        await log.append('news', entry(`${next}`))
        if (next % 50 === 0) largest = Math.max(largest, sizeOf('-wal'))
      }
    }
    await Promise.all(Array.from({ length: width }, publish))
    await listener.until(({ entries }) => entries.length === count)
    expect(listener.data).toEqual(Array.from({ length: count }, (_each, index) => `${index + 1}`))
    expect(largest).toBeGreaterThan(1_000 * KiB)
    expect(largest).toBeLessThan(40 * 1024 * KiB)
    await listener.stop()
  },
)

test('channels that nobody uses are forgotten, those that are followed or read are not', async () => {
  const log = storage.log({ checkMs: 150 })
  const other = storage.log({ checkMs: 150 })
  const retention = { idleMs: 1_500 }
  for (const channel of ['unused', 'followed', 'read']) {
    await log.configure(channel, { retention })
    await log.append(channel, entry(channel))
  }
  const listener = await followFromHead(other, 'followed')
  const outsider = await storage.outsider()
  await until(async () => {
    await log.read('read', { after: 'head', limit: 0 })
    const names = await outsider.run('SELECT name FROM channel ORDER BY name')
    return names.length === 2
  })
  expect(await outsider.run('SELECT name FROM channel ORDER BY name')).toEqual([
    { name: 'followed' },
    { name: 'read' },
  ])
  expect(listener.resets).toEqual([])
  await until(async () => (await outsider.run('SELECT 1 FROM entry')).length === 2)
  // Used again it keeps the retention that this process knows.
  await log.append('unused', entry())
  expect(await outsider.run("SELECT idle_ms FROM channel WHERE name = 'unused'")).toEqual([
    { idle_ms: 1_500 },
  ])
  await listener.stop()
})

test('idempotency keys are forgotten when their time is over', async () => {
  const log = storage.log({ checkMs: 150 })
  await log.append('news', entry(), { idempotencyKey: 'k' })
  const outsider = await storage.outsider()
  await outsider.run('UPDATE idempotency SET until = 1')
  await until(async () => (await outsider.run('SELECT 1 FROM idempotency')).length === 0)
})
