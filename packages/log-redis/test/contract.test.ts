import { describeLog, type LogHarness } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { type OpenClient, openers } from './clients.ts'
import { Storage } from './storage.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  describeLog(`a Redis log over ${name}`, () => createHarness(open), { describe: redis.describe })
}

function createHarness(open: OpenClient): LogHarness {
  const storage = new Storage(open)
  return {
    open: () => storage.log(),
    interrupt: async () => {
      await storage.cut()
    },
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
