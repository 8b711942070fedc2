import { describeLog, type LogHarness } from '@rivulet/testing'
import { Redis } from 'ioredis'
import { needs } from '../../../test/support/needs.ts'
import { type OpenClient, openers } from './clients.ts'
import { OwnServer } from './own-server.ts'
import { newerServers } from './servers.ts'
import { Storage } from './storage.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  describeLog(`a Redis log over ${name}`, () => createHarness(open), { describe: redis.describe })
}

for (const [product, program, itself] of newerServers) {
  program.describe(product, () => {
    let engine: OwnServer
    beforeAll(async () => {
      engine = await OwnServer.start(program.path)
    })
    afterAll(() => engine.dispose())

    test('is what it is called here', async () => {
      const admin = new Redis({ port: engine.port })
      expect(await admin.info('server')).toContain(itself)
      admin.disconnect()
    })

    for (const [name, open] of openers) {
      describeLog(`a log over ${name}`, () => createHarness(open, engine.port))
    }
  })
}

/** @param port The server that all tests share, if it is not given. */
function createHarness(open: OpenClient, port?: number): LogHarness {
  const storage = new Storage(open, port)
  return {
    open: () => storage.log(),
    interrupt: async () => {
      await storage.cut()
    },
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
