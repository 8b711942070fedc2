import type { Position } from '@rivulet/core'
import { append, entry, eventually, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { loseMessages } from './support/file-store.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')

for (const [name, tool] of servers) {
  tool.describe(`a server that fails, of ${name},`, () => {
    let server: OwnServer
    let storage: Storage
    beforeEach(async () => {
      server = await OwnServer.start(tool.path)
      storage = await Storage.open(server.port)
    })
    afterEach(async () => {
      await storage.close()
      await server.dispose()
    })

    test('loses nothing that it acknowledged, and stores nothing twice, killed with -9 under load and restarted', async () => {
      const publisher = await storage.log()
      const listener = await listen(await storage.log(), 'news')
      const stored = new Map<number, string>([[1, 'first']])
      let refused = 0
      const order: string[] = []
      const publish = async () => {
        const one = entry()
        order.push(one.data)
        await publisher.append('news', one).then(
          ({ offset }) => stored.set(offset, one.data),
          () => {
            refused += 1
          },
        )
      }
      for (let round = 0; round < 3; round += 1) {
        const before = Array.from({ length: 1_000 }, publish)
        await before[150]
        await server.kill()
        const during = Array.from({ length: 20 }, publish)
        await server.start()
        await Promise.all([...before, ...during])
      }
      await publish()
      const head = Math.max(...stored.keys())
      await listener.until(({ entries }) => (entries.at(-1)?.offset ?? 0) >= head)

      expect(listener.resets).toEqual([])
      expect(listener.entries.map(({ offset }) => offset)).toEqual(listener.entries.map((_each, i) => i + 1))
      for (const [offset, data] of stored) expect(listener.data[offset - 1]).toBe(data)
      expect(new Set(listener.data).size).toBe(listener.data.length)
      expect(listener.data.length - stored.size).toBeLessThanOrEqual(refused)
      const appeared = new Set(listener.data)
      expect(listener.data.slice(1)).toEqual(order.filter((data) => appeared.has(data)))
      await listener.stop()
    }, 40_000)

    test('is followed on after a restart, also where nothing was published for longer than ids are known', async () => {
      const log = await storage.log()
      const listener = await listen(log, 'news')
      // The server looks for the newest id among those of the duplicate window: after this none is left there.
      const stream = await storage.stream('news')
      await storage.api.streams.update(stream, { duplicate_window: 100_000_000 })
      const [newest] = await append(log, 'news', 1)
      await eventually(
        async () => Date.now() - (listener.entries.at(-1)?.at ?? Date.now()),
        (ms) => ms > 200,
      )
      await server.kill()
      await server.start()
      expect(await log.append('news', entry('later'))).toMatchObject({ offset: 3, epoch: newest?.epoch })
      await listener.until(({ data }) => data.at(-1) === 'later')
      expect(listener.entries.map(({ offset }) => offset)).toEqual([1, 2, 3])
      expect(listener.resets).toEqual([])
      await listener.stop()
    })

    test('remembers the end, idempotency keys and retention across a restart', async () => {
      const log = await storage.log()
      await log.configure('news', { retention: { maxEvents: 2 } })
      const first = await log.append('news', entry(), { idempotencyKey: 'k' })
      await append(log, 'news', 5)
      await log.append('news', entry('', { kind: 'end' }))
      await server.kill()
      await server.start()
      const late = await storage.log()
      expect(await late.read('news', { after: 'start', limit: 0 })).toMatchObject({
        first: 6,
        head: 7,
        ended: true,
      })
      expect(await late.append('news', entry(), { idempotencyKey: 'k' })).toEqual(first)
      await expect(late.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
    })

    test('tells those whose positions it lost, also once other entries have their offsets', async () => {
      const log = await storage.log()
      const positions = await append(log, 'news', 10)
      const stream = await storage.stream('news')
      await server.kill()
      loseMessages(server.storeFolder, stream, 6)
      await server.start()
      // As many as before, so that bounds alone would tell nothing.
      await append(log, 'news', 4)
      const result = await log.read('news', { after: 'start', limit: 100 })
      expect(result).toMatchObject({ head: 10, epoch: positions[0]?.epoch })
      for (const [index, position] of positions.entries()) {
        const { invalid } = await log.read('news', { after: position, limit: 1 })
        expect([index, invalid]).toEqual([index, index < 6 ? undefined : 'unknown'])
      }
      const misled = new Listener(log, 'news', positions[8] as Position) // one of ten
      await misled.until(({ resets, entries }) => resets.length === 1 && entries.length === 10)
      expect(misled.data).toEqual(result.entries.map(({ data }) => data))
      await misled.stop()
    })

    test('begins anew what was kept in memory, and says so', async () => {
      const log = await storage.log({ storage: 'memory' })
      const listener = await listen(log, 'news')
      const { config } = await storage.api.streams.info(await storage.stream('news'))
      expect(config.storage).toBe('memory')
      await server.kill()
      await server.start()
      await log.append('news', entry('new'))
      await listener.until(({ resets, entries }) => resets.length === 1 && entries.length === 2)
      expect(listener.entries[1]).toMatchObject({ offset: 1, data: 'new' })
      await listener.stop()
    })

    test('is unharmed by a stream that is deleted and comes back from a backup', async () => {
      const log = await storage.log()
      const listener = await listen(log, 'news')
      await storage.api.streams.delete(await storage.stream('news'))
      await listener.until(({ resets }) => resets.length === 1)
      await log.append('news', entry('new'))
      await listener.until(({ data }) => data.at(-1) === 'new')
      expect(listener.entries.at(-1)).toMatchObject({ offset: 1 })
      await listener.stop()
    })
  })
}

nats.describe('a cluster of three', () => {
  const servers: OwnServer[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.dispose()
  })

  test('loses nothing that it acknowledged when the leader of a stream is killed', async () => {
    servers.push(...(await OwnServer.startCluster(nats.path, 3)))
    const storage = await Storage.open(servers.map(({ port }) => port))
    const log = await storage.log({ replicas: 3, answerMs: 10_000 })
    const listener = await listen(log, 'news')
    const stored: string[] = ['first']
    const publish = async (count: number) => {
      for (let made = 0; made < count; made += 1) {
        const one = entry()
        // As a careful publisher does: until it knows.
        await eventually(
          () => log.append('news', one, { idempotencyKey: one.check }).catch(() => null),
          (position) => position !== null,
        )
        stored.push(one.data)
      }
    }
    await publish(100)
    const { cluster } = await storage.api.streams.info(await storage.stream('news'))
    expect(cluster?.replicas).toHaveLength(2)
    const leader = servers.find(({ name }) => name === cluster?.leader)
    const publishing = publish(200)
    await leader?.kill()
    await publishing
    await leader?.start()
    await publish(50)
    await listener.until(({ entries }) => entries.length >= stored.length)
    expect(listener.data).toEqual(stored)
    expect(listener.resets).toEqual([])
    await listener.stop()
    await storage.close()
  }, 90_000)
})
