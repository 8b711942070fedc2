import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { Turns } from '@rivulet/core/log-kit'
import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { StreamNames } from '../src/stream/stream-names.ts'
import { Streams } from '../src/stream/streams.ts'
import { Storage } from './support/storage.ts'

/** Longer than any test: what such a log finds out it has been told. */
const never = 600_000
const nats = needs('nats-server')

nats.describe('a history that ends while its consumer is made', () => {
  let storage: Storage
  let log: EventLog
  let other: EventLog

  beforeEach(async () => {
    storage = await Storage.open()
    log = await storage.log({ checkMs: never })
    other = await storage.log({ checkMs: never })
    await log.append('news', entry('old'))
  })

  afterEach(async () => {
    jest.restoreAllMocks()
    await storage.close()
  })

  /** Lets another history of the channel begin; resolves when the log's connection has been told. */
  async function beginNext(end: (stream: string) => Promise<unknown>): Promise<void> {
    const [connection] = storage.connections as [NatsConnection] // the log's
    const old = await storage.stream('news')
    const isTold = new Promise<void>((resolve) => {
      const advisories = connection.subscribe('$JS.EVENT.ADVISORY.STREAM.UPDATED.*', {
        callback(_error, { subject }) {
          if (!subject.includes(`.${storage.prefix}-news`) || subject.endsWith(old)) return
          advisories.unsubscribe()
          resolve()
        },
      })
    })
    await connection.flush()
    await end(old)
    await other.append('news', entry('next'))
    await isTold
    // What else came with it is through.
    await connection.flush()
  }

  const deleteStream = (stream: string) => storage.api.streams.delete(stream)

  /** As far as a log that forgets it does, which then deletes it. */
  const takeSubject = (stream: string) => {
    const subject = new StreamNames(storage.prefix).subject('news')
    return storage.api.streams.update(stream, { subjects: [`${subject}-forgotten`] })
  }

  async function expectToHear(listener: Listener): Promise<void> {
    await listener.until(({ data }) => data.includes('next'))
    await other.append('news', entry('second'))
    await listener.until(({ data }) => data.includes('second'))
    expect(listener.data.slice(-2)).toEqual(['next', 'second'])
    await listener.stop()
  }

  test('is noticed behind the look at it', async () => {
    const { open } = Streams.prototype
    const { after } = await log.read('news', { after: 'head', limit: 0 })
    const looking = jest.spyOn(Streams.prototype, 'open').mockImplementationOnce(async function (
      this: Streams,
      api: JetStreamManager,
      channel: string,
    ) {
      const history = await open.call(this, api, channel)
      await beginNext(takeSubject)
      return history
    })
    await expectToHear(new Listener(log, 'news', after))
    expect(looking).toHaveBeenCalled()
  })

  test('is noticed just before it is in use', async () => {
    const { take } = Turns.prototype
    const { after } = await log.read('news', { after: 'head', limit: 0 })
    const making = jest.spyOn(Turns.prototype, 'take').mockImplementationOnce(async function (
      this: Turns,
      work,
    ) {
      const made = await take.call(this, work)
      await beginNext(takeSubject)
      return made
    })
    await expectToHear(new Listener(log, 'news', after))
    expect(making).toHaveBeenCalled()
  })

  test('is noticed while the consumer of those who are gone is being made anew still', async () => {
    const gone = await listen(log, 'news')
    let release = () => {}
    const isReleased = new Promise<void>((resolve) => {
      release = resolve
    })
    const isRemade = new Promise<void>((resolve) => {
      jest.spyOn(Streams.prototype, 'open').mockImplementationOnce(async () => {
        resolve()
        await isReleased
        throw new Error('too late')
      })
    })
    // Every consumer is made anew when the connection is back.
    storage.proxy.cut()
    await isRemade
    await gone.stop()
    const listener = await listen(log, 'news')
    await beginNext(deleteStream)
    await expectToHear(listener)
    release()
  })
})
