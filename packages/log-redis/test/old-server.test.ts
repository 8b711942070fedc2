import { describeLog } from '@rivulet/testing'
import { Redis } from 'ioredis'
import { needs } from '../../../test/support/needs.ts'
import { openers } from './clients.ts'
import { OwnServer } from './own-server.ts'
import { Storage } from './storage.ts'

const redis = needs('redis-server')
let server: OwnServer

/** Stands for the oldest server that logs promise to work with: it knows no command that came later. */
redis.describe('a server with the commands of Redis 6.2 alone', () => {
  beforeAll(async () => {
    const newer = await commandsSince(7)
    expect(newer).toContain('SPUBLISH')
    server = await OwnServer.start(redis.path, ...newer.flatMap((name) => ['--rename-command', name, '']))
  }, 30_000)
  afterAll(() => server.dispose())

  for (const [name, open] of openers) {
    describeLog(`a Redis log over ${name}`, () => {
      const storage = new Storage(open, server.port)
      return {
        open: () => storage.log(),
        interrupt: async () => {
          await storage.cut()
        },
        rollBack: (channel, offset) => storage.rollBack(channel, offset),
        close: () => storage.close(),
      }
    })
  }
})

/** Names of the commands that came with a major version or later, as the server's own documentation has it. */
async function commandsSince(major: number): Promise<string[]> {
  const documented = await OwnServer.start(redis.path)
  const admin = new Redis({ port: documented.port })
  const docs = (await admin.call('COMMAND', 'DOCS')) as unknown[] // pairs of a name and a flat list of pairs
  admin.disconnect()
  await documented.dispose()
  const names: string[] = []
  for (let place = 0; place < docs.length; place += 2) {
    const facts = docs[place + 1] as unknown[]
    const since = String(facts[facts.indexOf('since') + 1])
    if (Number.parseInt(since, 10) >= major) names.push(String(docs[place]).toUpperCase())
  }
  return names
}
