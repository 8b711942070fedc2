import { Follower } from '@rivulet/core/log-kit'
import { entry, followFromHead } from '../../../test/support/log-listener.ts'
import { OwnEntries } from '../src/file/own-entries.ts'
import { Storage } from './support/storage.ts'
import { untilOwn } from './support/ways.ts'

test('the newest unbroken run is told, of the file that is open', () => {
  const own = new OwnEntries()
  const seen = new OwnEntries(own.buffer)
  expect(seen.since(0)).toBeUndefined()
  own.begin(1)
  own.add({ first: 5, last: 7 })
  own.add({ first: 8, last: 8 })
  expect(seen.since(1)).toEqual({ first: 5, last: 8 })
  own.add({ first: 12, last: 13 })
  expect(seen.since(1)).toEqual({ first: 12, last: 13 })
  expect(seen.since(2)).toBeUndefined()
  own.begin(2)
  expect(seen.since(2)).toBeUndefined()
})

test('followers are told once of what their own process stores, and of what another does', async () => {
  const storage = new Storage()
  const [log, other] = [storage.log(), storage.log()]
  await untilOwn(log)
  const listener = await followFromHead(log, 'news')
  const told = jest.spyOn(Follower.prototype, 'take')
  for (let count = 0; count < 50; count += 1) await log.append('news', entry('own'))
  // Its news come behind those of everything that was stored before.
  await other.append('news', entry('foreign'))
  await listener.until(({ entries }) => entries.length === 51)
  const datas = told.mock.calls.map(([, message]) => message.entry?.data)
  // One that is stored at the moment of a look may be told again, which tails know.
  const ownCount = datas.filter((data) => data === 'own').length
  expect(ownCount).toBeGreaterThanOrEqual(50)
  expect(ownCount).toBeLessThan(60)
  expect(datas.filter((data) => data === 'foreign')).toHaveLength(1)
  jest.restoreAllMocks()
  await listener.stop()
  await storage.close()
})
