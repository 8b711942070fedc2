import { describeLog } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { loseMessages } from './support/file-store.ts'
import { OwnServer } from './support/own-server.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')

nats.describe('a NATS log', () => {
  let server: OwnServer

  beforeAll(async () => {
    // An event of a megabyte, which channels allow, is a little more as a message: a server takes one megabyte by default.
    server = await OwnServer.start(nats.path, 'max_payload: 4MB')
  })

  afterAll(() => server.dispose())

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
