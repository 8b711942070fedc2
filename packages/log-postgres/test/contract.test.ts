import { describeLog, type LogHarness } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLogOptions } from '../src/index.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')

for (const [name, options] of [
  ['that listens', {}],
  ['that polls', { notify: false, maxPollMs: 100 }],
] as const) {
  describeLog(`a PostgreSQL log ${name}`, () => createHarness(options), { describe: postgres.describe })
}

function createHarness(options: Partial<PostgresLogOptions>): LogHarness {
  const storage = new Storage()
  return {
    open: () => storage.log(options),
    interrupt: async () => {
      await storage.cut()
    },
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
