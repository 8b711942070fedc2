import { describeLog, type LogHarness } from '@rivulet/testing'
import { OwnCommits } from '../src/own/own-commits.ts'
import { Storage } from './support/storage.ts'

describeLog('a SQLite log', createHarness)

describe('with everything left to the worker', () => {
  beforeEach(() => {
    jest.spyOn(OwnCommits.prototype, 'commit').mockReturnValue(null)
  })
  afterEach(() => jest.restoreAllMocks())

  describeLog('a SQLite log', createHarness)
})

function createHarness(): LogHarness {
  const storage = new Storage()
  return {
    open: () => storage.log(),
    // The connections of all logs lead to a file that is gone; the one in its place has the same in it.
    interrupt: async () => storage.replaceBy(await storage.backUp()),
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
