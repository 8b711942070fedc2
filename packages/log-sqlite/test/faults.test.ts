import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventLog } from '@rivulet/core'
import { entry, followFromHead, Listener } from '../../../test/support/log-listener.ts'
import { createSqliteLog } from '../src/index.ts'
import { Storage } from './support/storage.ts'
import { canMount, SmallDisk } from './support/tmpfs.ts'

const start = { epoch: 'none', offset: 0, check: '0' }
const onSmallDisk = canMount()
  ? test
  : (name: string, body: () => Promise<void>) =>
      test.skip(`${name} [needs to mount a tmpfs: run as root]`, body)
let storage: Storage
const logs: EventLog[] = []

beforeEach(() => {
  storage = new Storage()
})
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close()
  await storage.close()
})

function open(file: string): EventLog {
  const log = createSqliteLog({ file, checkMs: 300, answerMs: 1_500 })
  logs.push(log)
  return log
}

/** What callers and those who follow are told of a file. */
async function expectRefused(log: EventLog, code: string): Promise<void> {
  const failure = { code, cause: expect.objectContaining({ code: expect.any(String) }) }
  await expect(log.append('news', entry())).rejects.toMatchObject(failure)
  await expect(log.read('news', { after: 'head', limit: 0 })).rejects.toMatchObject(failure)
  const listener = new Listener(log, 'news', start)
  await listener.until(({ errors }) => errors.length > 0)
  expect(listener.errors[0]).toMatchObject(failure)
  await listener.stop()
}

test('a folder that is not there is unreachable, and used once it is', async () => {
  const folder = join(storage.folder, 'later')
  const log = open(join(folder, 'events.db'))
  await expectRefused(log, 'ERR_SSE_LOG_UNREACHABLE')
  mkdirSync(folder)
  expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
})

test('a folder is no file', async () => {
  await expectRefused(open(storage.folder), 'ERR_SSE_LOG_UNREACHABLE')
})

test('what is no database is refused and left as it was', async () => {
  const text = 'not a database, whatever its name says\n'.repeat(200)
  writeFileSync(storage.file, text)
  await expectRefused(open(storage.file), 'ERR_SSE_LOG_CORRUPT')
  expect(readFileSync(storage.file, 'utf8')).toBe(text)
})

test("another program's database is refused and left as it was", async () => {
  const outsider = await storage.outsider()
  await outsider.run('CREATE TABLE customer (id INTEGER PRIMARY KEY)')
  await expectRefused(open(storage.file), 'ERR_SSE_LOG_FOREIGN_KEY')
  expect(await outsider.run('SELECT name FROM sqlite_schema')).toEqual([{ name: 'customer' }])
  expect(await outsider.run('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }])
})

test('a file of a later release is refused, before and while it is in use', async () => {
  const log = open(storage.file)
  const position = await log.append('news', entry())
  const outsider = await storage.outsider()
  await outsider.run('PRAGMA user_version = 2')
  await expectRefused(open(storage.file), 'ERR_SSE_LOG_VERSION')
  await expectRefused(log, 'ERR_SSE_LOG_VERSION')
  await outsider.run('PRAGMA user_version = 1')
  expect(await log.read('news', { after: position, limit: 0 })).toMatchObject({ head: 1 })
})

test('a file that was damaged while it was closed is told of', async () => {
  const log = open(storage.file)
  for (let count = 0; count < 50; count += 1) await log.append('news', entry('x'.repeat(1_000)))
  await log.close()
  const bytes = readFileSync(storage.file)
  bytes.fill(0x5a, 4096)
  writeFileSync(storage.file, bytes)
  rmSync(`${storage.file}-wal`, { force: true })
  const again = open(storage.file)
  await expect(again.read('news', { after: 'start', limit: 100 })).rejects.toMatchObject({
    code: 'ERR_SSE_LOG_CORRUPT',
  })
})

onSmallDisk('a disk that is read-only says so', async () => {
  const disk = new SmallDisk()
  try {
    expect(disk.mount('1m')).toBe(true)
    const log = open(join(disk.folder, 'events.db'))
    await log.append('news', entry())
    await log.close()
    disk.makeReadOnly()
    const again = open(join(disk.folder, 'events.db'))
    await expect(again.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_READ_ONLY' })
    await again.close()
  } finally {
    disk.remove()
  }
})

onSmallDisk(
  'a full disk refuses appends, keeps all that was stored, serves readers, and goes on with room',
  async () => {
    const disk = new SmallDisk()
    try {
      expect(disk.mount('2m')).toBe(true)
      const ballast = join(disk.folder, 'ballast')
      writeFileSync(ballast, Buffer.alloc(1024 * 1024))
      const log = open(join(disk.folder, 'events.db'))
      const listener = await followFromHead(log, 'news')
      const stored: string[] = []
      let refusal: unknown
      while (refusal === undefined) {
        const one = entry(`${stored.length} ${'x'.repeat(10_000)}`)
        await log.append('news', one).then(
          () => stored.push(one.data),
          (error: unknown) => {
            refusal = error
          },
        )
      }
      expect(refusal).toMatchObject({ code: 'ERR_SSE_LOG_FULL', cause: expect.anything() })
      expect(stored.length).toBeGreaterThan(5)
      const { entries } = await log.read('news', { after: 'start', limit: 1_000 })
      expect(entries.map(({ data }) => data)).toEqual(stored)
      rmSync(ballast)
      expect(await log.append('news', entry('with room'))).toMatchObject({ offset: stored.length + 1 })
      await listener.until(({ data }) => data.at(-1) === 'with room')
      expect(listener.data).toEqual([...stored, 'with room'])
      await listener.stop()
      await log.close()
    } finally {
      disk.remove()
    }
  },
)
