import type { EventLog } from '@rivulet/core'
import { entry, followFromHead } from '../../../test/support/log-listener.ts'
import { FileWriter } from '../src/own/file-writer.ts'
import { SpareTime } from '../src/own/spare-time.ts'
import { SqliteLog } from '../src/sqlite-log.ts'
import { Storage } from './support/storage.ts'
import { untilOwn, Ways } from './support/ways.ts'

let storage: Storage
let ways: Ways
beforeEach(() => {
  storage = new Storage()
  ways = new Ways()
})
afterEach(async () => {
  jest.restoreAllMocks()
  await storage.close()
})

async function openOwn(synchronous: 'full' | 'normal' = 'full'): Promise<EventLog> {
  const log = storage.log({ synchronous })
  await untilOwn(log)
  return log
}

test.each(['full', 'normal'] as const)(
  'with nothing in the way no batch goes to the worker (%s)',
  async (synchronous) => {
    const log = await openOwn(synchronous)
    const before = ways.toWorker
    for (let count = 1; count <= 20; count += 1) {
      expect(await log.append('news', entry())).toMatchObject({ offset: count })
    }
    expect(ways.toWorker).toBe(before)
  },
)

test("another program's lock hands batches to the worker: the loop goes on, their order holds, and then it is done here again", async () => {
  const log = await openOwn()
  const listener = await followFromHead(log, 'news')
  const outsider = await storage.outsider()
  await log.append('news', entry('0'))
  await outsider.run('BEGIN IMMEDIATE')
  const before = ways.toWorker
  const storedCount = { value: 0 }
  const appending = Array.from({ length: 50 }, async (_each, index) => {
    // Some in one batch, others while that is on its way.
    if (index >= 20) await new Promise((resolve) => setImmediate(resolve))
    await log.append('news', entry(`${index + 1}`))
    storedCount.value += 1
  })
  for (let tick = 0; tick < 100; tick += 1) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(storedCount.value).toBe(0)
  await outsider.run('COMMIT')
  await Promise.all(appending)
  expect(ways.toWorker).toBeGreaterThan(before)
  const after = ways.toWorker
  await log.append('news', entry('51'))
  expect(ways.toWorker).toBe(after)
  await listener.until(({ entries }) => entries.length === 52)
  expect(listener.data).toEqual(Array.from({ length: 52 }, (_each, index) => `${index}`))
  await listener.stop()
})

test.each(['full', 'normal'] as const)(
  'those who publish as fast as they can leave the loop its turns (%s)',
  async (synchronous) => {
    jest.spyOn(SpareTime.prototype, 'isThere', 'get').mockReturnValue(true)
    const log = await openOwn(synchronous)
    let isOver = false
    setTimeout(() => {
      isOver = true
    }, 20)
    // For ever, were it only promises.
    while (!isOver) await log.append('news', entry())
    expect(isOver).toBe(true)
  },
)

test('an idempotency key means the same on both ways', async () => {
  const log = await openOwn()
  const first = await log.append('news', entry(), { idempotencyKey: 'order 7' })
  const outsider = await storage.outsider()
  await outsider.run('BEGIN IMMEDIATE')
  const before = ways.toWorker
  const handedOver = log.append('news', entry(), { idempotencyKey: 'order 7' })
  const another = log.append('news', entry(), { idempotencyKey: 'order 8' })
  await new Promise((resolve) => setImmediate(resolve))
  await outsider.run('COMMIT')
  expect(await handedOver).toEqual(first)
  expect(ways.toWorker).toBe(before + 1)
  expect(await log.append('news', entry(), { idempotencyKey: 'order 8' })).toEqual(await another)
  expect(ways.toWorker).toBe(before + 1)
  expect(await log.read('news', { after: 'head', limit: 0 })).toMatchObject({ head: 2 })
})

test('a batch that the worker has not answered is not overtaken, also where nobody waits for it any more', async () => {
  const log = storage.log({ answerMs: 200 })
  await untilOwn(log)
  const outsider = await storage.outsider()
  await outsider.run('BEGIN IMMEDIATE')
  await expect(log.append('news', entry('late'))).rejects.toMatchObject({ code: 'ERR_SSE_LOG_BUSY' })
  await outsider.run('COMMIT')
  expect(await log.append('news', entry('next'))).toMatchObject({ offset: 1 })
})

test('commits that are slow are left to the worker for 10 s, and then tried again', async () => {
  let time = 0
  const log = new SqliteLog(
    { file: storage.file, synchronous: 'normal', answerMs: 5_000, checkMs: 300, pollMs: 10 },
    { now: () => time },
  )
  await untilOwn(log)
  const write = FileWriter.prototype.write
  const slowWrite = jest.spyOn(FileWriter.prototype, 'write').mockImplementation(function (
    this: FileWriter,
    work,
  ) {
    time += 101
    return write.call(this, work) as never // what the work gives, as the method itself does
  })
  expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
  slowWrite.mockRestore()
  const before = ways.toWorker
  time += 9_900
  expect(await log.append('news', entry())).toMatchObject({ offset: 2 })
  expect(ways.toWorker).toBe(before + 1)
  time += 101
  expect(await log.append('news', entry())).toMatchObject({ offset: 3 })
  expect(ways.toWorker).toBe(before + 1)
  await log.close()
})

test('what is large is left to the worker', async () => {
  const log = await openOwn()
  const before = ways.toWorker
  await log.append('news', entry('x'.repeat(300_000)))
  expect(ways.toWorker).toBe(before + 1)
})

test('a file that is replaced is let go of: what comes next is stored in the new one, first by the worker', async () => {
  const log = await openOwn()
  await log.append('news', entry('one'))
  const backup = await storage.backUp()
  await log.append('news', entry('lost'))
  const before = ways.toWorker
  storage.replaceBy(backup)
  expect(await log.append('news', entry('two'))).toMatchObject({ offset: 2 })
  expect(ways.toWorker).toBe(before + 1)
  expect(await log.append('news', entry('three'))).toMatchObject({ offset: 3 })
  expect(ways.toWorker).toBe(before + 1)
  const { entries } = await storage.log().read('news', { after: 'start', limit: 10 })
  expect(entries.map(({ data }) => data)).toEqual(['one', 'two', 'three'])
})

test('what the file itself is to blame for, the worker says', async () => {
  const log = await openOwn()
  const outsider = await storage.outsider()
  await outsider.run('DROP TABLE idempotency')
  await expect(log.append('news', entry(), { idempotencyKey: 'k' })).rejects.toMatchObject({
    code: 'ERR_SSE_LOG_ENGINE',
    message: expect.stringContaining('no such table'),
  })
  expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
})
