import { entry, followFromHead } from '../../../test/support/log-listener.ts'
import { Storage } from './support/storage.ts'

let storage: Storage
beforeEach(() => {
  storage = new Storage()
})
afterEach(() => storage.close())

test("another program's lock blocks neither the event loop nor readers, and the append waits for it", async () => {
  const log = storage.log()
  await log.append('news', entry('before'))
  const outsider = await storage.outsider()
  await outsider.run('BEGIN IMMEDIATE')
  let isSettled = false
  const appending = log.append('news', entry('after')).finally(() => {
    isSettled = true
  })
  // Were the loop blocked, none of this would come before the append has given up.
  for (let tick = 0; tick < 200; tick += 1) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(await log.read('news', { after: 'start', limit: 10 })).toMatchObject({ head: 1 })
  expect(isSettled).toBe(false)
  await outsider.run('COMMIT')
  expect(await appending).toMatchObject({ offset: 2 })
})

test('an append that waits for a lock too long says whose fault it is, stores nothing, and the next is stored', async () => {
  const log = storage.log({ answerMs: 300 })
  await log.append('news', entry())
  const outsider = await storage.outsider()
  await outsider.run('BEGIN IMMEDIATE')
  await expect(log.append('news', entry('late'))).rejects.toMatchObject({
    code: 'ERR_SSE_LOG_BUSY',
    message: expect.stringContaining('end its transaction'),
    cause: expect.objectContaining({ code: 'SQLITE_BUSY' }),
  })
  await outsider.run('ROLLBACK')
  expect(await log.append('news', entry('next'))).toMatchObject({ offset: 2 })
  const { entries } = await log.read('news', { after: 'start', limit: 10 })
  expect(entries.map(({ data }) => data)).not.toContain('late')
})

test('the first call waits while another program keeps the new file for itself', async () => {
  const outsider = await storage.outsider()
  await outsider.run('BEGIN EXCLUSIVE')
  const log = storage.log()
  const appending = log.append('news', entry())
  await new Promise((resolve) => setTimeout(resolve, 200))
  await outsider.run('ROLLBACK')
  expect(await appending).toMatchObject({ offset: 1 })
})

test('a transaction that reads all the time holds up nobody', async () => {
  const log = storage.log()
  await log.append('news', entry())
  const outsider = await storage.outsider()
  await outsider.run('BEGIN')
  await outsider.run('SELECT count(*) FROM entry')
  const listener = await followFromHead(log, 'news')
  for (let count = 0; count < 20; count += 1) await log.append('news', entry())
  await listener.until(({ entries }) => entries.length === 20)
  await listener.stop()
})

test('those who follow hear what is stored in spite of a lock taken again and again', async () => {
  const [publisher, follower] = [storage.log(), storage.log()]
  const listener = await followFromHead(follower, 'news')
  const outsider = await storage.outsider()
  for (let round = 0; round < 20; round += 1) {
    await outsider.run('BEGIN IMMEDIATE')
    const appending = publisher.append('news', entry(`${round}`))
    await outsider.run('COMMIT')
    await appending
  }
  await listener.until(({ entries }) => entries.length === 20)
  expect(listener.data).toEqual(Array.from({ length: 20 }, (_each, index) => `${index}`))
  expect(listener.errors).toEqual([])
  await listener.stop()
})

test('a read is given up with its signal, the log goes on', async () => {
  const log = storage.log()
  const controller = new AbortController()
  const reason = new Error('not any more')
  const reading = log.read('news', { after: 'start', limit: 1, signal: controller.signal })
  controller.abort(reason)
  await expect(reading).rejects.toBe(reason)
  expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
})
