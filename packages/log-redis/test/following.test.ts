import type { EventLog } from '@rivulet/core'
import { Redis } from 'ioredis'
import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog } from '../src/index.ts'
import { openers } from './clients.ts'
import { Gateway } from './gateway.ts'
import { Storage, sharedPort } from './storage.ts'
import { until } from './until.ts'

const redis = needs('redis-server')
/** Longer than any test: what such a log finds out it has been told. */
const never = 600_000

for (const [name, open] of openers) {
  redis.describe(`following over ${name}`, () => {
    let storage: Storage
    beforeEach(() => {
      storage = new Storage(open)
    })
    afterEach(() => storage.close())

    test('loses and repeats nothing while its connections are cut again and again', async () => {
      const log = await storage.log({ checkMs: never })
      const publisher = await storage.log()
      const listener = await listen(log, 'news')
      const sent: string[] = ['first']
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

    test('repairs a message that was lost, as pub/sub may, with the next one', async () => {
      const log = await storage.log({ checkMs: never })
      const listener = await listen(log, 'news')
      const silent = await silentLog(storage)
      await silent.append('news', entry('lost'))
      await silent.append('news', entry('lost too'))
      await log.append('news', entry('next'))
      await listener.until(({ entries }) => entries.length >= 4)
      expect(listener.data).toEqual(['first', 'lost', 'lost too', 'next'])
      await listener.stop()
      await silent.close()
    })

    test('finds by itself what was lost without a message after it', async () => {
      const log = await storage.log({ checkMs: 200 })
      const listener = await listen(log, 'news')
      const silent = await silentLog(storage)
      await silent.append('news', entry('lost'))
      await listener.until(({ entries }) => entries.length >= 2)
      expect(listener.data).toEqual(['first', 'lost'])
      await listener.stop()
      await silent.close()
    })

    test('is told that the keys were deleted (DEL, FLUSHALL) by the next message', async () => {
      const log = await storage.log({ checkMs: never })
      const listener = await listen(log, 'news')
      await storage.admin.del(...(await storage.keys()))
      await log.append('news', entry('new history'))
      await listener.until(({ entries }) => entries.length === 2)
      expect(listener.resets).toEqual([expect.objectContaining({ offset: 0 })])
      expect(listener.entries[1]).toMatchObject({ offset: 1, data: 'new history' })
      await listener.stop()
    })

    test('finds by itself that the keys were deleted', async () => {
      const log = await storage.log({ checkMs: 200 })
      const listener = await listen(log, 'news')
      await storage.admin.del(...(await storage.keys()))
      await listener.until(({ resets }) => resets.length === 1)
      await listener.stop()
    })

    test('ignores what others publish under its name', async () => {
      const log = await storage.log({ checkMs: never })
      const listener = await listen(log, 'news')
      const name = `@0:${storage.key('news', 'live')}`
      for (const text of ['', 'nonsense', 'abc 1 2 {}', 'abcdef 2 zzzz {"v":2}', ' '.repeat(10)]) {
        expect(await storage.admin.publish(name, text)).toBe(1)
      }
      await log.append('news', entry('second'))
      await listener.until(({ entries }) => entries.length >= 2)
      expect(listener.data).toEqual(['first', 'second'])
      expect(listener.resets).toEqual([])
      await listener.stop()
    })

    test('resets a reader that lags behind trimming, to the oldest entry there is', async () => {
      const log = await storage.log({ checkMs: never })
      const listener = await listen(log, 'news')
      await log.configure('news', { retention: { maxEvents: 3 } })
      await storage.cut('following')
      const silent = await silentLog(storage)
      await Promise.all(
        Array.from({ length: 10 }, (_each, index) => silent.append('news', entry(`${index}`))),
      )
      await log.append('news', entry('last'))
      await listener.until(({ data }) => data.at(-1) === 'last')
      // What it read before the trimming was delivered without a hole; afterwards it was told.
      const offsets = listener.entries.map(({ offset }) => offset)
      const jump = offsets.findIndex((offset, index) => index > 0 && offset !== (offsets[index - 1] ?? 0) + 1)
      expect(listener.resets.length).toBe(jump === -1 ? 0 : 1)
      if (jump > 0) expect(listener.resets[0]?.offset).toBe((offsets[jump] ?? 0) - 1)
      await listener.stop()
      await silent.close()
    })

    test('follows 1,000 channels over one connection, which is gone with the last of them', async () => {
      const log = await storage.log()
      // The user's own client connects with its first command.
      await log.read('channel 0', { after: 'head', limit: 0 })
      const before = await storage.connections()
      const listeners = await Promise.all(
        Array.from({ length: 1_000 }, (_each, index) => listen(log, `channel ${index}`)),
      )
      // The server may still count one that was lost.
      await until(async () => (await storage.connections()).length === before.length + 1)
      expect((await storage.connections('following')).length).toBe(1)
      await Promise.all(listeners.map((listener) => listener.stop()))
      await gone(storage)
    })

    test('hears a channel that is let go of and taken up again before the server has answered', async () => {
      const log = await storage.log({ checkMs: never })
      const publisher = await storage.log()
      const other = await listen(log, 'other')
      const gone = await listen(log, 'news')
      const after = await publisher.append('news', entry('seen'))
      await gone.stop()
      const listener = new Listener(log, 'news', after)
      await hearsAll(listener, publisher)
      // Once more, now that it is subscribed while it is wanted no more.
      await listener.stop()
      const again = new Listener(log, 'news', await publisher.append('news', entry()))
      await again.stop()
      const last = new Listener(log, 'news', await publisher.append('news', entry()))
      await hearsAll(last, publisher)
      await last.stop()
      await other.stop()
    })

    test('forgets a channel that is let go of before the server has answered', async () => {
      const log = await storage.log({ checkMs: never })
      const other = await listen(log, 'other')
      await new Listener(log, 'news', { epoch: 'none', offset: 0, check: '0' }).stop()
      await log.read('news', { after: 'head', limit: 0 })
      const counts = () => subscriptions(storage, 'other', 'news')
      await until(async () => (await counts()).join() === '1,0')
      expect(await storage.cut('following')).toBe(1)
      await until(async () => (await counts())[0] === 1)
      await log.append('other', entry('after the cut'))
      await other.until(({ entries }) => entries.length === 2)
      expect(await counts()).toEqual([1, 0])
      await other.stop()
    })

    test('forgets a channel that is let go of while the connection is lost', async () => {
      const gateway = await Gateway.start(sharedPort)
      const user = await open({ port: gateway.port, name: storage.connectionName })
      const log = createRedisLog({ client: user.client, prefix: storage.prefix, checkMs: never })
      const other = await listen(log, 'other')
      const listener = await listen(log, 'news')
      await listener.stop()
      gateway.switchTo(sharedPort)
      const publisher = await storage.log()
      await publisher.append('other', entry())
      await other.until(({ entries }) => entries.length === 2)
      await until(async () => (await subscriptions(storage, 'other', 'news')).join() === '1,0')
      await log.close()
      await user.close()
      await gateway.close()
    })

    test('leaves the client as it was, and no connection of its own', async () => {
      const log = await storage.log()
      const listener: Listener = await listen(log, 'news')
      await log.close()
      await listener.ended
      await log.close()
      expect(storage.users[0]?.isOpen()).toBe(true)
      await gone(storage)
    })
  })
}

/** By message: with logs that check never, what is missed once is only found with the next one. */
async function hearsAll(listener: Listener, publisher: EventLog): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    const one = entry()
    await publisher.append('news', one)
    await listener.until(({ data }) => data.at(-1) === one.data)
  }
  expect(listener.resets).toEqual([])
}

/** How many connections are subscribed to each channel. */
async function subscriptions(storage: Storage, ...channels: string[]): Promise<number[]> {
  const names = channels.map((channel) => `@0:${storage.key(channel, 'live')}`)
  const answer = (await storage.admin.call('PUBSUB', 'NUMSUB', ...names)) as unknown[] // pairs of name and count
  return channels.map((_each, index) => Number(answer[2 * index + 1]))
}

/** A log over the same keys, whose messages nobody hears: a prefix that the client puts in front is part of the name. */
async function silentLog(storage: Storage) {
  const client = new Redis({ port: sharedPort, keyPrefix: storage.prefix })
  const log = createRedisLog({ client, prefix: '' })
  return {
    append: log.append.bind(log),
    async close() {
      await log.close()
      client.disconnect()
    },
  }
}

/** The server learns of a closed connection a moment later. */
async function gone(storage: Storage): Promise<void> {
  await until(async () => (await storage.connections('following')).length === 0)
}
