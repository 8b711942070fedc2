import fs from 'node:fs'
import type { EventLog } from '@rivulet/core'
import { entry, followFromHead } from '../../../test/support/log-listener.ts'
import { SpareTime } from '../src/own/spare-time.ts'
import { Storage } from './support/storage.ts'
import { untilOwn, Ways } from './support/ways.ts'

let storage: Storage
let log: EventLog
beforeEach(async () => {
  storage = new Storage()
  log = storage.log()
  await untilOwn(log)
})
afterEach(async () => {
  jest.restoreAllMocks()
  await storage.close()
})

/** Whether the event loop has nothing else to do than to wait for the disk. */
function setSpareTime(isThere: boolean): void {
  jest.spyOn(SpareTime.prototype, 'isThere', 'get').mockReturnValue(isThere)
}

function diskFailure(): Error {
  return Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
}

test('an append is answered only when its commit is on the disk', async () => {
  setSpareTime(false)
  const syncs: (() => void)[] = []
  const sync = fs.fdatasync
  let begun = () => {}
  const syncBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  jest.spyOn(fs, 'fdatasync').mockImplementation((descriptor, done) => {
    syncs.push(() => sync(descriptor, done))
    begun()
  })
  let isAnswered = false
  const appending = log.append('news', entry('stored')).finally(() => {
    isAnswered = true
  })
  await syncBegun
  // Others see it already.
  const { entries } = await log.read('news', { after: 'start', limit: 10 })
  expect(entries.map(({ data }) => data)).toEqual(['stored'])
  expect(isAnswered).toBe(false)
  for (const syncNow of syncs) syncNow()
  expect(await appending).toMatchObject({ offset: 1 })
})

test('with nothing else to do the disk is waited for at once', async () => {
  setSpareTime(true)
  const elsewhere = jest.spyOn(fs, 'fdatasync')
  const here = jest.spyOn(fs, 'fdatasyncSync')
  await log.append('news', entry())
  expect(here).toHaveBeenCalledTimes(1)
  expect(elsewhere).not.toHaveBeenCalled()
})

test('with normal nothing waits for the disk', async () => {
  const normal = storage.log({ synchronous: 'normal' })
  await untilOwn(normal)
  const syncs = [jest.spyOn(fs, 'fdatasync'), jest.spyOn(fs, 'fdatasyncSync')]
  await normal.append('news', entry())
  for (const sync of syncs) expect(sync).not.toHaveBeenCalled()
})

test.each([
  ['elsewhere', false],
  ['at once', true],
])(
  'a sync that fails refuses the append, which is there once, and the worker goes on (waited for %s)',
  async (_where, isSpare) => {
    setSpareTime(isSpare)
    const ways = new Ways()
    const listener = await followFromHead(log, 'news')
    const failing = isSpare
      ? jest.spyOn(fs, 'fdatasyncSync').mockImplementation(() => {
          throw diskFailure()
        })
      : jest
          .spyOn(fs, 'fdatasync')
          .mockImplementation((_descriptor, done) => setImmediate(done, diskFailure()))
    await expect(log.append('news', entry('unsure'))).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_ENGINE',
      cause: expect.objectContaining({ code: 'EIO' }),
    })
    expect(failing).toHaveBeenCalledTimes(1)
    const before = ways.toWorker
    expect(await log.append('news', entry('next'))).toMatchObject({ offset: 2 })
    expect(ways.toWorker).toBe(before + 1)
    await listener.until(({ entries }) => entries.length === 2)
    expect(listener.data).toEqual(['unsure', 'next'])
    await listener.stop()
  },
)
