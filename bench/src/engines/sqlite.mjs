import { join } from 'node:path'
import { ownFolder } from './own-server.mjs'
import { oneTransactionEach, transactionsBatched } from './sqlite/by-hand.mjs'

/** @type {import('./engine.mjs').Engine} */
export const engine = {
  name: 'sqlite',
  packages: ['@rivulet/log-sqlite', 'libsql'],
  missing: () => null,
  servers: {
    'synchronous full': () => makeFile('full'),
    'synchronous normal': () => makeFile('normal'),
  },
  logs: [
    {
      label: 'rivulet-sqlite',
      bare: 'libsql',
      async open(address) {
        const { createSqliteLog } = await import('@rivulet/log-sqlite')
        return createSqliteLog(address)
      },
    },
  ],
  bares: [
    { label: 'libsql', in: ['log-append', 'log-latency'], open: transactionsBatched },
    { label: 'libsql: one transaction each', in: ['log-append'], open: oneTransactionEach },
  ],
  bars: { latencyMs: 20 },
}

async function makeFile(synchronous) {
  const { path, remove } = ownFolder()
  return {
    address: { file: join(path, 'events.db'), synchronous },
    stop: async () => remove(),
  }
}
