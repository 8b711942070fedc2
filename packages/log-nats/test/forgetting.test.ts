import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import type { EventLog } from '@rivulet/core'
import { append, entry, eventually, type Listener, listen } from '../../../test/support/log-listener.ts'
import { StreamNames } from '../src/stream/stream-names.ts'
import { decodeNote } from '../src/stream/stream-note.ts'
import { Streams } from '../src/stream/streams.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { Storage } from './support/storage.ts'

/** Longer than any test: what such a log finds out it has been told. */
const never = 600_000

for (const [name, nats] of servers) {
  nats.describe(`a history that is forgotten while it is in use, on ${name},`, () => {
    let server: OwnServer
    let storage: Storage
    let log: EventLog
    let other: EventLog
    let listener: Listener
    let stream: string
    let subject: string

    beforeEach(async () => {
      server = await OwnServer.start(nats.path)
      storage = await Storage.open(server.port)
      log = await storage.log({ checkMs: never })
      other = await storage.log({ checkMs: never })
      listener = await listen(log, 'news')
      stream = await storage.stream('news')
      subject = new StreamNames(storage.prefix).subject('news')
    })

    afterEach(async () => {
      jest.restoreAllMocks()
      await listener.stop()
      await storage.close()
      await server.dispose()
    })

    async function expectOneHistory(): Promise<void> {
      await listener.until(({ data }) => data.at(-1) === 'next')
      expect(await log.append('news', entry('mine'))).toMatchObject({ offset: 2 })
      await other.append('news', entry('theirs'))
      await listener.until(({ data }) => data.at(-1) === 'theirs')
      expect(listener.data.slice(-3)).toEqual(['next', 'mine', 'theirs'])
      expect(listener.resets).toHaveLength(1)
    }

    test('is not gone on with once another one has its subject, by those who know it', async () => {
      await storage.api.streams.update(stream, { subjects: [`${subject}-forgotten`] })
      await other.append('news', entry('next'))
      await expectOneHistory()
    })

    test('is over where another one has begun before it could be given its subject back', async () => {
      const { update } = storage.api.streams
      jest
        .spyOn(storage.api.streams, 'update')
        .mockImplementationOnce(async (its: string, config: Partial<StreamConfig>) => {
          const taken = await update.call(storage.api.streams, its, config)
          await other.append('news', entry('next'))
          return taken
        })
      const streams = new Streams(new StreamNames(storage.prefix), { storage: 'file', replicas: 1 })
      // As it was before `first`.
      await streams.forget(storage.api, { stream, channel: 'news', head: 0 })
      expect(await storage.streams('news')).not.toContain(stream)
      await expectOneHistory()
    })

    test('stays where something was stored just before', async () => {
      const streams = new Streams(new StreamNames(storage.prefix), { storage: 'file', replicas: 1 })
      await streams.forget(storage.api, { stream, channel: 'news', head: 0 })
      expect(await other.append('news', entry('second'))).toMatchObject({ offset: 2 })
      await listener.until(({ data }) => data.at(-1) === 'second')
      expect(listener.resets).toEqual([])
    })
  })

  nats.describe(`looking for unused channels on ${name}`, () => {
    let server: OwnServer
    let storage: Storage
    let log: EventLog

    beforeEach(async () => {
      server = await OwnServer.start(nats.path)
      storage = await Storage.open(server.port)
      log = await storage.log({ checkMs: never })
    })

    afterEach(async () => {
      jest.restoreAllMocks()
      await storage.close()
      await server.dispose()
    })

    test('is not kept from the others by a stream that is none of a log', async () => {
      await log.append('a', entry())
      const foreign = await storage.stream('a')
      await storage.api.streams.update(foreign, { description: 'somebody wrote here' })
      await log.configure('quiet', { retention: { idleMs: 200 } })
      await storage.log({ checkMs: 50 })
      await eventually(
        () => storage.streams('quiet'),
        (streams) => streams.length === 0,
      )
      expect(await storage.streams('a')).toEqual([foreign])
    })

    test('leaves a retention that is set meanwhile', async () => {
      await log.configure('news', { retention: { idleMs: 800 } })
      const sweeping = await storage.log({ checkMs: 50 })
      const listener = await listen(sweeping, 'news')
      const { list } = Streams.prototype
      jest.spyOn(Streams.prototype, 'list').mockImplementation(async function* (
        this: Streams,
        api: JetStreamManager,
      ) {
        for await (const history of list.call(this, api)) {
          await log.configure('news', { retention: { idleMs: 800, maxEvents: 2 } })
          yield history
        }
      })
      const noteOf = async () => {
        const { config } = await storage.api.streams.info(await storage.stream('news'))
        return decodeNote(config.description, config.name)
      }
      const { retention } = await eventually(noteOf, ({ usedAt }) => usedAt > 0)
      expect(retention).toMatchObject({ idleMs: 800, maxEvents: 2 })
      await append(log, 'news', 3)
      expect(await log.read('news', { after: 'start', limit: 0 })).toMatchObject({ first: 3, head: 4 })
      await listener.stop()
    })
  })
}
