import { describeLog, type LogHarness } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLogOptions } from '../src/index.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')

for (const [name, options] of [
  ['that listens', {}],
  ['that polls', { notify: false, maxPollMs: 100 }],
  // As behind a pooler that gives each transaction another connection.
  ['whose statements have a connection each', { maxUses: 1 }],
] as const) {
  describeLog(`a PostgreSQL log ${name}`, () => createHarness(options), { describe: postgres.describe })
}

function createHarness({
  maxUses,
  ...options
}: Partial<PostgresLogOptions> & { readonly maxUses?: number }): LogHarness {
  const storage = new Storage()
  return {
    open: () => storage.log(maxUses === undefined ? options : { pool: storage.pool({ maxUses }) }),
    interrupt: async () => {
      await storage.cut()
    },
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
