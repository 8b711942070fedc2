import type { EventLog } from '@rivulet/core'
import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { hashSlot } from '../src/cluster/hash-slot.ts'
import { clusterOpeners } from './cluster-clients.ts'
import { ClusterStorage } from './cluster-storage.ts'
import { OwnCluster } from './own-cluster.ts'
import { products } from './servers.ts'
import { until } from './until.ts'

const redis = needs('redis-server')
/** Longer than any test: what such a log finds out it has been told. */
const never = 600_000
/** What a server before Redis 7 does not have. */
const old = ['--rename-command', 'SPUBLISH', '', '--rename-command', 'SSUBSCRIBE', '']

const kinds: readonly (readonly [what: string, settings: readonly string[]])[] = [
  ['a cluster', []],
  ['a cluster without sharded pub/sub, as before Redis 7', old],
]

for (const [kind, settings] of kinds) {
  redis.describe(`following ${kind}`, () => {
    let cluster: OwnCluster
    let storage: ClusterStorage
    beforeAll(async () => {
      cluster = await OwnCluster.start(redis.path, 0, ...settings)
    }, 60_000)
    afterEach(() => storage.close())
    afterAll(() => cluster.dispose())

    for (const [name, open] of clusterOpeners) {
      const setUp = () => {
        storage = new ClusterStorage(cluster, open)
        return storage
      }

      test(`hears 200 channels over one connection per node at most, with ${name}`, async () => {
        const log = await setUp().log({ checkMs: never })
        const listeners = await Promise.all(
          Array.from({ length: 200 }, (_each, index) => listen(log, `channel ${index}`)),
        )
        expect(await followingCounts(storage)).toEqual([1, 1, 1])
        const publisher = await storage.log()
        const sent = listeners.map((_each, index) => publisher.append(`channel ${index}`, entry(`${index}`)))
        await Promise.all(sent)
        await Promise.all(listeners.map((listener) => listener.until(({ data }) => data.length === 2)))
        expect(listeners.map(({ data }) => data[1])).toEqual(listeners.map((_each, index) => `${index}`))
        await Promise.all(listeners.map((listener) => listener.stop()))
        await gone(storage)
      })

      test(`loses and repeats nothing while its connections are cut, with ${name}`, async () => {
        const log = await setUp().log({ checkMs: never })
        const publisher = await storage.log()
        const listener = await listen(log, 'news')
        const sent = ['first']
        for (let round = 0; round < 5; round += 1) {
          for (let count = 0; count < 50; count += 1) {
            const one = entry()
            sent.push(one.data)
            if (count === 25) expect(await storage.cut('following')).toBeGreaterThan(0)
            await publisher.append('news', one)
          }
          await listener.until(({ entries }) => entries.length >= sent.length)
        }
        expect(listener.data).toEqual(sent)
        expect(listener.resets).toEqual([])
        await listener.stop()
      })

      test(`hears a channel that is taken up, let go of and taken up again at once, with ${name}`, async () => {
        const log = await setUp().log({ checkMs: never })
        const publisher = await storage.log()
        // Keeps the connection to that node, which is given up with its last channel.
        const other = await listen(log, 'other')
        const channel = await neighbourOf(cluster, storage, 'other')
        const after = await publisher.append(channel, entry())
        await new Listener(log, channel, after).stop()
        const listener = new Listener(log, channel, after)
        await hearsAll(listener, publisher, channel)
        await listener.stop()
        const last = new Listener(log, channel, await publisher.append(channel, entry()))
        await hearsAll(last, publisher, channel)
        await last.stop()
        await other.stop()
        await gone(storage)
      })

      test(`hears a channel whatever becomes of it while connections are made again, with ${name}`, async () => {
        const log = await setUp().log({ checkMs: never })
        const publisher = await storage.log()
        const other = await listen(log, 'other')
        const channel = await neighbourOf(cluster, storage, 'other')
        let after = await publisher.append(channel, entry())
        let listener = new Listener(log, channel, after)
        for (let round = 0; round < 20; round += 1) {
          await storage.cut('following')
          // Reconnecting takes some milliseconds, of which each round takes another.
          await new Promise((resolve) => setTimeout(resolve, 3 * round))
          await listener.stop()
          listener = new Listener(log, channel, after)
          await hearsAll(listener, publisher, channel)
          after = await publisher.append(channel, entry())
        }
        await listener.stop()
        await other.stop()
        await gone(storage)
      }, 40_000)

      test(`goes with a slot that moves under load, with ${name}`, async () => {
        const log = await setUp().log({ checkMs: never })
        const listener = await listen(log, 'news')
        const publisher = await storage.log()
        const load = publish(publisher, 'news')
        const key = storage.key('news', 'stream')
        const slot = await cluster.slotOf(key)
        for (let round = 0; round < 3; round += 1) {
          const from = await cluster.ownerOf(key)
          const to = cluster.primaries.find((member) => member !== from) ?? from
          const before = load.stored.length
          await cluster.move(slot, from, to)
          await listener.until(() => load.stored.length > before)
        }
        await load.stop()
        // By message: with this log nothing else tells of it in time.
        await publisher.append('news', entry('last'))
        await listener.until(({ data }) => data.at(-1) === 'last')
        const { entries } = await log.read('news', { after: 'start', limit: 100_000 })
        expect(listener.entries).toEqual(entries)
        expect(listener.resets).toEqual([])
        for (const data of load.stored) expect(listener.data).toContain(data)
        expect(new Set(listener.data).size).toBe(listener.data.length)
        for (const count of await followingCounts(storage)) expect(count).toBeLessThanOrEqual(1)
        await listener.stop()
      }, 30_000)

      test(`leaves the client as it was, and no connection of its own, with ${name}`, async () => {
        const log = await setUp().log()
        const listener: Listener = await listen(log, 'news')
        await log.close()
        await listener.ended
        expect(storage.users[0]?.isOpen()).toBe(true)
        await gone(storage)
      })
    }
  })
}

for (const [product, program] of products) {
  for (const [name, open] of clusterOpeners) {
    program.describe(`a ${product} cluster with replicas, over ${name}`, () => {
      let cluster: OwnCluster
      let storage: ClusterStorage
      beforeAll(async () => {
        cluster = await OwnCluster.start(program.path, 1)
      }, 60_000)
      afterAll(async () => {
        await storage.close()
        await cluster.dispose()
      })

      test('is exact or told so when a primary is killed with -9 and its replica takes over', async () => {
        storage = new ClusterStorage(cluster, open)
        const log = await storage.log({ answerMs: 2_000 })
        const publisher = await storage.log({ answerMs: 2_000 })
        const listener = await listen(log, 'news')
        const load = publish(publisher, 'news')
        await listener.until(() => load.stored.length > 100)
        const key = storage.key('news', 'stream')
        const killed = await cluster.ownerOf(key)
        const witness = cluster.primaries.find((member) => member !== killed)
        await killed.server.kill()
        await until(async () => (await cluster.ownerOf(key, witness)) !== killed)
        const before = load.stored.length
        await listener.until(() => load.stored.length > before + 100)
        await load.stop()
        await publisher.append('news', entry('last'))
        await listener.until(({ data }) => data.at(-1) === 'last')

        const { entries } = await log.read('news', { after: 'start', limit: 100_000 })
        // What came before a reset is of a history that was lost.
        const since = listener.resets.at(-1)?.offset ?? 0
        expect(since).toBe(0)
        expect(listener.entries.slice(-entries.length)).toEqual(entries)
        if (listener.resets.length === 0) expect(listener.entries).toEqual(entries)
        await listener.stop()
      }, 60_000)
    })
  }
}

redis.describe('hash slots', () => {
  test("are the server's", async () => {
    const cluster = await OwnCluster.start(redis.path, 0)
    const keys = ['', 'a', 'foo{bar}baz', '{}x', 'a{}{b}', '{a', 'a}b{c}', 'ünï{çødé}', '123456789']
    for (const key of keys) expect([key, hashSlot(key)]).toEqual([key, await cluster.slotOf(key)])
    await cluster.dispose()
  }, 60_000)
})

/** A channel that lives on the same node as another one. */
async function neighbourOf(cluster: OwnCluster, storage: ClusterStorage, channel: string): Promise<string> {
  const owner = await cluster.ownerOf(storage.key(channel, 'stream'))
  for (let number = 0; ; number += 1) {
    const name = `neighbour ${number}`
    if ((await cluster.ownerOf(storage.key(name, 'stream'))) === owner) return name
  }
}

/** By message: with logs that check never, what is missed once is only found with the next one. */
async function hearsAll(listener: Listener, publisher: EventLog, channel: string): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    const one = entry()
    await publisher.append(channel, one)
    await listener.until(({ data }) => data.at(-1) === one.data)
  }
  expect(listener.resets).toEqual([])
}

/** Appends one entry after the other until it is told to stop. */
function publish(log: EventLog, channel: string): { readonly stored: string[]; stop(): Promise<void> } {
  const stored: string[] = []
  let isStopped = false
  const run = async () => {
    while (!isStopped) {
      const one = entry()
      await log.append(channel, one).then(
        () => stored.push(one.data),
        // May be stored, once. Not in a turn of its own, such a loop would let nothing else happen.
        () => new Promise(setImmediate),
      )
    }
  }
  const running = run()
  return {
    stored,
    async stop() {
      isStopped = true
      await running
    },
  }
}

async function followingCounts(storage: ClusterStorage): Promise<number[]> {
  return (await storage.connections('following')).map(({ ids }) => ids.length)
}

/** Servers learn of a closed connection a moment later. */
async function gone(storage: ClusterStorage): Promise<void> {
  await until(async () => (await followingCounts(storage)).every((count) => count === 0))
}
