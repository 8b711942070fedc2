import { append, entry, eventually, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createNatsLog } from '../src/index.ts'
import { OwnServer } from './support/own-server.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')
/** Longer than any test: what such a log finds out it has been told. */
const never = 600_000

nats.describe('following', () => {
  let storage: Storage
  beforeEach(async () => {
    storage = await Storage.open()
  })
  afterEach(() => storage.close())

  async function consumersOf(channel: string): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of storage.api.consumers.list(await storage.stream(channel))) names.push(name)
    return names
  }

  test('loses and repeats nothing while its connections are cut again and again', async () => {
    const log = await storage.log({ checkMs: never })
    const publisher = await storage.log({ checkMs: never })
    const listener = await listen(log, 'news')
    const sent: string[] = ['first']
    for (let round = 0; round < 5; round += 1) {
      for (let count = 0; count < 50; count += 1) {
        const one = entry()
        sent.push(one.data)
        if (count === 25) storage.proxy.cut()
        await publisher.append('news', one)
      }
      await listener.until(({ entries }) => entries.length >= sent.length)
    }
    expect(listener.data).toEqual(sent)
    expect(listener.resets).toEqual([])
    await listener.stop()
  })

  test('keeps the order of the calls, awaited or not, across a connection that is cut', async () => {
    const log = await storage.log()
    const listener = await listen(log, 'news')
    const appending: Promise<unknown>[] = []
    const sent: string[] = ['first']
    for (let made = 0; made < 600; made += 1) {
      const one = entry(`${made}`)
      sent.push(one.data)
      appending.push(log.append('news', one))
      if (made % 150 === 75) {
        await appending[made - 70]
        storage.proxy.cut()
      }
    }
    await Promise.all(appending)
    await listener.until(({ entries }) => entries.length >= sent.length)
    expect(listener.data).toEqual(sent)
    await listener.stop()
  })

  test('has one consumer for each channel of a process, whatever the number of tails, and none afterwards', async () => {
    const log = await storage.log()
    const listeners = [await listen(log, 'news')]
    const { after } = await log.read('news', { after: 'head', limit: 0 })
    for (let made = 0; made < 5; made += 1) listeners.push(new Listener(log, 'news', after))
    await append(log, 'news', 10)
    await Promise.all(listeners.map((listener) => listener.until(({ entries }) => entries.length >= 10)))
    expect(await consumersOf('news')).toHaveLength(1)
    for (const listener of listeners.slice(1)) await listener.stop()
    expect(await consumersOf('news')).toHaveLength(1)
    await listeners[0]?.stop()
    await eventually(
      () => consumersOf('news'),
      (names) => names.length === 0,
    )
  })

  test('has none left over where its connection was cut', async () => {
    const log = await storage.log({ checkMs: never })
    const listener = await listen(log, 'news')
    const [before] = await consumersOf('news')
    storage.proxy.cut()
    await log.append('news', entry('again'))
    await listener.until(({ data }) => data.at(-1) === 'again')
    await eventually(
      () => consumersOf('news'),
      (names) => names.length === 1 && names[0] !== before,
    )
    await listener.stop()
  })

  test('finds by itself that its consumer was deleted', async () => {
    const log = await storage.log({ checkMs: 300 })
    const listener = await listen(log, 'news')
    const stream = await storage.stream('news')
    for (const name of await consumersOf('news')) await storage.api.consumers.delete(stream, name)
    await log.append('news', entry('second'))
    await listener.until(({ data }) => data.at(-1) === 'second')
    await eventually(
      () => consumersOf('news'),
      (names) => names.length === 1,
    )
    expect(listener.data).toEqual(['first', 'second'])
    expect(listener.resets).toEqual([])
    await listener.stop()
  })

  // At once, as a rule; the server may delete its message about it with the stream.
  test('finds by itself that the stream was deleted, by a log or by hand', async () => {
    const log = await storage.log({ checkMs: 300 })
    const other = await storage.log()
    const listener = await listen(log, 'news')
    await other.delete('news')
    await listener.until(({ resets }) => resets.length === 1)
    await other.append('news', entry('second'))
    await listener.until(({ data }) => data.at(-1) === 'second')
    await storage.api.streams.delete(await storage.stream('news'))
    await listener.until(({ resets }) => resets.length === 2)
    await other.append('news', entry('third'))
    await listener.until(({ data }) => data.at(-1) === 'third')
    expect(listener.data).toEqual(['first', 'second', 'third'])
    expect(new Set(listener.resets.map(({ epoch }) => epoch)).size).toBe(2)
    await listener.stop()
  })

  test('is told at once that a deleted stream has a successor, however soon the next one follows', async () => {
    const log = await storage.log({ checkMs: never })
    const other = await storage.log()
    const listener = await listen(log, 'news')
    for (let round = 1; round <= 40; round += 1) {
      await storage.api.streams.delete(await storage.stream('news'))
      await other.append('news', entry(`${round}`))
      await listener.until(({ data }) => data.at(-1) === `${round}`)
      expect(listener.resets).toHaveLength(round)
    }
    await listener.stop()
  })

  test('reads nothing while nothing is new: the heartbeats are proof', async () => {
    const log = await storage.log({ checkMs: 300 })
    const listener = await listen(log, 'news')
    const [connection] = storage.connections
    // Whatever the beginning had to read is through.
    const count = () => connection?.stats().outMsgs ?? 0
    let before = count()
    let since = performance.now()
    await eventually(
      async () => {
        if (count() !== before) {
          before = count()
          since = performance.now()
        }
        return performance.now() - since
      },
      // Four times as long as a channel without proof may be silent.
      (silentMs) => silentMs > 1_200,
    )
    await listener.stop()
  }, 10_000)

  test('follows 300 channels over the connection that it was given', async () => {
    const server = await OwnServer.start(nats.path, 'http: 127.0.0.1:-1')
    const own = await Storage.open(server.port)
    // Making so many streams at once takes a busy machine longer than the default.
    const log = await own.log({ answerMs: 30_000 })
    const listeners = await Promise.all(
      Array.from({ length: 300 }, (_each, index) => listen(log, `channel ${index}`)),
    )
    await Promise.all(listeners.map((_each, index) => log.append(`channel ${index}`, entry(`${index}`))))
    await Promise.all(listeners.map((listener) => listener.until(({ entries }) => entries.length === 2)))
    for (const [index, listener] of listeners.entries()) expect(listener.data).toEqual(['first', `${index}`])
    expect(own.connections).toHaveLength(1)
    await Promise.all(listeners.map((listener) => listener.stop()))
    await own.close()
    await server.dispose()
  }, 60_000)

  test('goes on after a server that was frozen', async () => {
    const server = await OwnServer.start(nats.path)
    const own = await Storage.open(server.port)
    const log = await own.log({ answerMs: 800 })
    const listener = await listen(log, 'news')
    await server.freeze()
    await listener.until(({ errors }) => errors.length > 0)
    server.thaw()
    await log.append('news', entry('again'))
    await listener.until(({ data }) => data.at(-1) === 'again')
    expect(listener.data).toEqual(['first', 'again'])
    expect(listener.resets).toEqual([])
    await listener.stop()
    await own.close()
    await server.dispose()
  })

  test('leaves no timer behind that keeps the process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const connection = await storage.connect()
    const before = timers()
    const log = createNatsLog({ connection, prefix: storage.prefix })
    const listener = await listen(log, 'news')
    await Promise.all(Array.from({ length: 50 }, () => log.append('news', entry())))
    await log.append('news', entry(), { idempotencyKey: 'k' })
    await log.close()
    await listener.ended
    // Requests that are under way have theirs for at most as long as they may take.
    await eventually(
      async () => timers(),
      (count) => count <= before,
    )
  })

  test('leaves the connection open and usable, and nothing of its own on it', async () => {
    const log = await storage.log()
    const [connection] = storage.connections
    const listener = await listen(log, 'news')
    await log.close()
    await listener.ended
    await log.close()
    expect(connection?.isClosed()).toBe(false)
    expect((await connection?.request('$JS.API.INFO', '', { timeout: 5_000 }))?.string()).toContain('streams')
    await eventually(
      () => consumersOf('news'),
      (names) => names.length === 0,
    )
  })
})
