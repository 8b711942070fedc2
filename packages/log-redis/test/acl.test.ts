import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { EventLog } from '@rivulet/core'
import { entry, listen } from '../../../test/support/log-listener.ts'
import { createRedisLog } from '../src/index.ts'
import { openers } from './clients.ts'
import { clusterOpeners } from './cluster-clients.ts'
import { OwnCluster } from './own-cluster.ts'
import { OwnServer } from './own-server.ts'
import { products } from './servers.ts'
import { Storage } from './storage.ts'

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
/** What the README says that a user needs. */
const rules = /^ACL SETUSER (\S+) (.*)$/m.exec(readme)?.slice(1) ?? []
const [username = '', permissions = ''] = rules
const user = { username, password: 'password' }

for (const [product, program] of products) {
  program.describe(`a user with the README's permissions, of ${product},`, () => {
    test('may do all that a log does', async () => {
      const server = await OwnServer.start(program.path)
      for (const [, open] of openers) {
        const storage = new Storage(open, server.port)
        await storage.admin.call('ACL', 'SETUSER', username, ...permissions.split(' '))
        const { client, close } = await open({ port: server.port, ...user })
        const log = createRedisLog({ client })
        await useAll(log)
        await log.close()
        await close()
        await storage.close()
      }
      await server.dispose()
    })

    test('may do all that a log does in a cluster', async () => {
      const cluster = await OwnCluster.start(program.path, 0)
      for (const { admin } of cluster.primaries) {
        await admin.call('ACL', 'SETUSER', username, ...permissions.split(' '))
      }
      for (const [, open] of clusterOpeners) {
        const { client, close } = await open({ ports: cluster.ports, name: 'test', ...user })
        const log = createRedisLog({ client })
        await useAll(log)
        await log.close()
        await close()
      }
      await cluster.dispose()
    }, 60_000)
  })
}

async function useAll(log: EventLog): Promise<void> {
  const listener = await listen(log, 'news')
  await log.configure('news', { retention: { maxEvents: 2 } })
  for (const key of ['a', 'b', 'a']) await log.append('news', entry(key), { idempotencyKey: key })
  await listener.until(({ data }) => data.length === 3)
  const { entries } = await log.read('news', { after: 'start', limit: 10 })
  expect(entries.map(({ data }) => data)).toEqual(['a', 'b'])
  await log.delete('news')
  await listener.until(({ resets }) => resets.length === 1)
  await listener.stop()
  expect(listener.errors).toEqual([])
}
