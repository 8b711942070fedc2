import { describeLog, type LogHarness } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { clusterOpeners, type OpenClusterClient } from './cluster-clients.ts'
import { ClusterStorage } from './cluster-storage.ts'
import { OwnCluster } from './own-cluster.ts'

const redis = needs('redis-server')
let cluster: OwnCluster

redis.describe('a Redis Cluster', () => {
  beforeAll(async () => {
    cluster = await OwnCluster.start(redis.path, 0)
  }, 60_000)
  afterAll(() => cluster.dispose())

  for (const [name, open] of clusterOpeners) {
    describeLog(`a Redis log over ${name}`, () => createHarness(open))
  }
})

function createHarness(open: OpenClusterClient): LogHarness {
  const storage = new ClusterStorage(cluster, open)
  return {
    open: () => storage.log(),
    interrupt: async () => {
      await storage.cut()
    },
    rollBack: (channel, offset) => storage.rollBack(channel, offset),
    close: () => storage.close(),
  }
}
