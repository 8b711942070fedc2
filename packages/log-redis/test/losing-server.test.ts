import type { EventLog, Position } from '@rivulet/core'
import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { openers } from './clients.ts'
import { OwnServer } from './own-server.ts'
import { products } from './servers.ts'
import { Storage } from './storage.ts'
import { untilReplicated } from './until-replicated.ts'

const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

for (const [product, program] of products) {
  for (const [name, open] of openers) {
    program.describe(`a ${product} server that fails, over ${name}`, () => {
      const disposals: (() => Promise<void>)[] = []

      async function serve(...settings: string[]): Promise<{ server: OwnServer; storage: Storage }> {
        const server = await OwnServer.start(program.path, ...settings)
        const storage = new Storage(open, server.port)
        disposals.push(async () => {
          await storage.close()
          await server.dispose()
        })
        return { server, storage }
      }

      afterEach(async () => {
        for (const dispose of disposals.splice(0).reverse()) await dispose()
      })

      test('loses nothing with appendfsync always, killed with -9 and restarted under load', async () => {
        const { server, storage } = await serve(...durable)
        const publisher = await storage.log()
        const listener = await listen(await storage.log(), 'news')
        const stored = new Map<number, string>([[1, 'first']])
        let refused = 0
        const publish = async () => {
          const one = entry()
          await publisher.append('news', one).then(
            ({ offset }) => stored.set(offset, one.data),
            () => {
              refused += 1
            },
          )
        }
        for (let round = 0; round < 3; round += 1) {
          const before = Array.from({ length: 300 }, publish)
          await before[20]
          await server.kill()
          const during = Array.from({ length: 20 }, publish)
          await server.start()
          await Promise.all([...before, ...during])
        }
        await publish()
        const head = Math.max(...stored.keys())
        await listener.until(({ entries }) => (entries.at(-1)?.offset ?? 0) >= head)

        expect(listener.resets).toEqual([])
        expect(listener.entries.map(({ offset }) => offset)).toEqual(
          listener.entries.map((_each, i) => i + 1),
        )
        for (const [offset, data] of stored) expect(listener.data[offset - 1]).toBe(data)
        expect(new Set(listener.data).size).toBe(listener.data.length)
        expect(listener.data.length - stored.size).toBeLessThanOrEqual(refused)
        await listener.stop()
      }, 40_000)

      test('tells those who follow after FLUSHALL', async () => {
        const { storage } = await serve()
        const log = await storage.log()
        const listener = await listen(log, 'news')
        await storage.admin.flushall()
        await log.append('news', entry('after'))
        await listener.until(({ resets, entries }) => resets.length === 1 && entries.length === 2)
        expect(listener.entries[1]).toMatchObject({ offset: 1, data: 'after' })
        await listener.stop()
      })

      test('keeps the retention that was asked for after FLUSHALL', async () => {
        const { storage } = await serve()
        const log = await storage.log()
        await log.configure('news', { retention: { maxEvents: 2 } })
        await storage.admin.flushall()
        for (let count = 0; count < 5; count += 1) await log.append('news', entry())
        expect(await log.read('news', { after: 'start', limit: 0 })).toMatchObject({ first: 4, head: 5 })
      })

      test('begins anew where only a part of a channel is left, as after eviction', async () => {
        const { storage } = await serve()
        const log = await storage.log()
        for (const lost of ['stream', 'meta']) {
          const position = await log.append('news', entry())
          await storage.admin.del(storage.key('news', lost))
          const result = await log.read('news', { after: position, limit: 10 })
          expect(result).toMatchObject({ entries: [], first: 1, head: 0, invalid: 'unknown' })
        }
        expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
      })

      test('knows positions that a fail-over lost, also once their offsets are used again', async () => {
        const primary = await serve()
        const log = await primary.storage.log()
        const replica = await serve('--replicaof', '127.0.0.1', String(primary.server.port))
        const kept = await append(log, 3)
        await untilReplicated(primary.storage.admin, replica.storage.admin)
        // From here on the replica hears nothing more of its primary.
        await replica.storage.admin.call('REPLICAOF', 'NO', 'ONE')
        const lost = await append(log, 2)
        await primary.server.kill()

        const promoted = await replica.storage.log({ prefix: primary.storage.prefix })
        const listener = listenFrom(promoted, kept)
        await append(promoted, 5)
        await listener.until(({ entries }) => entries.length === 5)
        for (const position of lost) {
          const result = await promoted.read('news', { after: position, limit: 0 })
          expect(result).toMatchObject({ invalid: 'unknown', head: 8 })
        }
        for (const position of kept) {
          const result = await promoted.read('news', { after: position, limit: 0 })
          expect(result).not.toHaveProperty('invalid')
        }
        expect(listener.resets).toEqual([])
        await listener.stop()
        const misled = listenFrom(promoted, lost)
        await misled.until(({ resets, entries }) => resets.length === 1 && entries.length === 8)
        await misled.stop()
      })
    })
  }
}

async function append(log: EventLog, count: number): Promise<Position[]> {
  const positions: Position[] = []
  for (let made = 0; made < count; made += 1) positions.push(await log.append('news', entry()))
  return positions
}

function listenFrom(log: EventLog, positions: readonly Position[]): Listener {
  const after = positions.at(-1)
  if (after === undefined) throw new Error('There is a position to follow from.')
  return new Listener(log, 'news', after)
}
