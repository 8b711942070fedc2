import { describeLog } from '@rivulet/testing'
import { loseMessages } from './support/file-store.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { Storage } from './support/storage.ts'

for (const [name, nats, version] of servers) {
  nats.describe(`a log over ${name}`, () => {
    let server: OwnServer

    beforeAll(async () => {
      // An event of a megabyte, which channels allow, is a little more as a message: a server takes one megabyte by default.
      server = await OwnServer.start(nats.path, 'max_payload: 4MB')
    })

    afterAll(() => server.dispose())

    test('has the server that it says', async () => {
      const storage = await Storage.open(server.port)
      expect(storage.admin.info?.version).toMatch(version)
      await storage.close()
    })

    describeLog('with file storage', async () => {
      const storage = await Storage.open(server.port)
      return {
        open: () => storage.log(),
        interrupt: () => storage.proxy.cut(),
        async rollBack(channel, offset) {
          const stream = await storage.stream(channel)
          await server.kill()
          loseMessages(server.storeFolder, stream, offset)
          await server.start()
        },
        close: () => storage.close(),
      }
    })
  })
}
