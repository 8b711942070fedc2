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
    'one core, synchronous full': () => makeFile('full', '0'),
  },
  withoutBars: ['one core, synchronous full'],
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

/** There is no server that needs a core, so that the process has both, as where it runs alone: the log's checkpoints are made on the second. */
async function makeFile(synchronous, cores = '0,1') {
  const { path, remove } = ownFolder()
  return {
    address: { file: join(path, 'events.db'), synchronous },
    cores,
    stop: async () => remove(),
  }
}
