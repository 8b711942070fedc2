import type { EventLog } from '@rivulet/core'
import { entry } from '../../../test/support/log-listener.ts'
import { KnownChannels } from '../src/own/known-channels.ts'
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

/** A log that stores in its own thread, and has stored one entry of the channel there. */
async function openKnowing(): Promise<EventLog> {
  const log = storage.log()
  await untilOwn(log)
  expect(await log.append('news', entry('one'))).toMatchObject({ offset: 1 })
  return log
}

/** Stores what is given, in the publishers' thread. */
async function appendHere(log: EventLog, data: string) {
  const before = ways.toWorker
  const position = await log.append('news', entry(data))
  expect(ways.toWorker).toBe(before)
  return position
}

test('what another process has appended meanwhile is before what comes next', async () => {
  const log = await openKnowing()
  const other = storage.log()
  const theirs = await other.append('news', entry('two'))
  expect(theirs.offset).toBe(2)
  expect(await appendHere(log, 'three')).toMatchObject({ epoch: theirs.epoch, offset: 3 })
  const { entries } = await log.read('news', { after: theirs, limit: 10 })
  expect(entries.map(({ data }) => data)).toEqual(['three'])
})

test('an end that another process has stored meanwhile holds', async () => {
  const log = await openKnowing()
  await storage.log().append('news', entry('', { kind: 'end' }))
  await expect(log.append('news', entry('two'))).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
})

test('a channel that another process has deleted meanwhile begins anew', async () => {
  const log = await openKnowing()
  const before = await appendHere(log, 'two')
  await storage.log().delete('news')
  const after = await appendHere(log, 'other')
  expect(after.offset).toBe(1)
  expect(after.epoch).not.toBe(before.epoch)
})

test('a history that somebody has taken back in the file goes on from there', async () => {
  const log = await openKnowing()
  await appendHere(log, 'two')
  await storage.rollBack('news', 1)
  expect(await appendHere(log, 'other two')).toMatchObject({ offset: 2 })
})

test('a retention that another process has set meanwhile is kept', async () => {
  const log = await openKnowing()
  const retention = { maxEvents: 5, maxBytes: 1_000_000, maxAgeMs: false, idleMs: false } as const
  await storage.log().configure('news', { retention })
  for (let count = 2; count <= 100; count += 1) await appendHere(log, `${count}`)
  const outsider = await storage.outsider()
  const [row] = await outsider.run("SELECT first FROM channel WHERE name = 'news'")
  // Trimmed once in 32 entries.
  expect(row).toEqual({ first: 92 })
})

test('what a write has changed is forgotten where it was not committed', async () => {
  const log = await openKnowing()
  const findOrCreate = KnownChannels.prototype.findOrCreate
  const failing = jest.spyOn(KnownChannels.prototype, 'findOrCreate').mockImplementationOnce(function (
    this: KnownChannels,
    ...args
  ) {
    const row = findOrCreate.apply(this, args)
    row.head += 10
    throw new Error('in the midst of it')
  })
  // The worker stores it, and this thread leaves it to the worker for a while.
  expect(await log.append('news', entry('two'))).toMatchObject({ offset: 2 })
  expect(failing).toHaveBeenCalledTimes(1)
  expect(await log.append('news', entry('three'))).toMatchObject({ offset: 3 })
})

test('more channels than are known at a time', async () => {
  const log = storage.log({ synchronous: 'normal' })
  await untilOwn(log)
  const names = Array.from({ length: 1_500 }, (_each, index) => `channel ${index}`)
  for (const round of [1, 2]) {
    const positions = await Promise.all(names.map((name) => log.append(name, entry('event'))))
    expect(positions.every(({ offset }) => offset === round)).toBe(true)
  }
})
