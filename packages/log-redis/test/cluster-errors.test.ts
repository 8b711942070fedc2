import { entry, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog } from '../src/index.ts'
import { clusterOpeners } from './cluster-clients.ts'
import { OwnCluster } from './own-cluster.ts'
import { freePort } from './own-server.ts'

const redis = needs('redis-server')

for (const [name, open] of clusterOpeners) {
  redis.describe(`errors of a cluster over ${name}`, () => {
    test('one that is not there is unreachable', async () => {
      const user = await open({ ports: [await freePort()], name: 'test' })
      const log = createRedisLog({ client: user.client, answerMs: 1_000 })
      await expect(log.append('news', entry())).rejects.toMatchObject({
        code: 'ERR_SSE_LOG_UNREACHABLE',
        cause: expect.anything(),
      })
      await log.close()
      await user.close()
    })
  })
}

redis.describe('a cluster with a password', () => {
  let cluster: OwnCluster
  beforeAll(async () => {
    cluster = await OwnCluster.start(redis.path, 0)
    for (const { admin } of cluster.primaries) await admin.config('SET', 'requirepass', 'right')
  }, 60_000)
  afterAll(() => cluster.dispose())

  for (const [name, open] of clusterOpeners) {
    test(`takes it for following too, over ${name}`, async () => {
      const user = await open({ ports: cluster.ports, name: 'test', password: 'right' })
      const log = createRedisLog({ client: user.client })
      const listener = await listen(log, 'news')
      expect(listener.errors).toEqual([])
      await listener.stop()
      await log.close()
      await user.close()
    })
  }

  test("refuses a wrong one, over ioredis' Cluster", async () => {
    // node-redis says so itself, when it connects.
    const [, open] = clusterOpeners[0] ?? []
    const user = await open?.({ ports: cluster.ports, name: 'test', password: 'wrong' })
    if (user === undefined) throw new Error('There are clients of both libraries.')
    const log = createRedisLog({ client: user.client, answerMs: 1_000 })
    await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_ACCESS' })
    await log.close()
    await user.close()
  })
})
