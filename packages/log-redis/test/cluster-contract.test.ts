import { describeLog, type LogHarness } from '@rivulet/testing'
import { clusterOpeners, type OpenClusterClient } from './cluster-clients.ts'
import { ClusterStorage } from './cluster-storage.ts'
import { OwnCluster } from './own-cluster.ts'
import { products } from './servers.ts'

let cluster: OwnCluster

for (const [product, program] of products) {
  program.describe(`a ${product} cluster`, () => {
    beforeAll(async () => {
      cluster = await OwnCluster.start(program.path, 0)
    }, 60_000)
    afterAll(() => cluster.dispose())

    for (const [name, open] of clusterOpeners) {
      describeLog(`a log over ${name}`, () => createHarness(open))
    }
  })
}

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
