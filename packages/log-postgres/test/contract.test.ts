import { describeLog, type LogHarness } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLogOptions } from '../src/index.ts'
import { OwnServer } from './support/own-server.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')
const newer = needs('postgres@17')
let server: OwnServer

const kinds = [
  ['that listens', {}],
  ['that polls', { notify: false, maxPollMs: 100 }],
] as const
// As behind a pooler that gives each transaction another connection.
const answerMs = 20_000 // a busy machine takes long to make hundreds of connections
const pooled = ['whose statements have a connection each', { maxUses: 1 }] as const

for (const [name, options] of [...kinds, pooled]) {
  const createHarness = () => harnessOf(new Storage(), options)
  describeLog(`a PostgreSQL log ${name}`, createHarness, { describe: postgres.describe })
}

newer.describe('PostgreSQL 17', () => {
  beforeAll(async () => {
    server = await OwnServer.start(newer.path)
  })
  afterAll(() => server.dispose())

  test('is what it is called here', async () => {
    const storage = new Storage(server.config)
    expect(await storage.sql('SHOW server_version')).toEqual([[expect.stringMatching(/^17\./)]])
    await storage.close()
  })

  for (const [name, options] of kinds) {
    describeLog(`a log ${name}`, () => harnessOf(new Storage(server.config), options))
  }
})

function harnessOf(
  storage: Storage,
  { maxUses, ...options }: Partial<PostgresLogOptions> & { readonly maxUses?: number },
): LogHarness {
  return {
    open: () => storage.log(maxUses === undefined ? options : { pool: storage.pool({ maxUses }), answerMs }),
    interrupt: async () => {
      await storage.cut()
    },
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
