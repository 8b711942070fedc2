import type { EventLog } from '@rivulet/core'
import { Redis } from 'ioredis'
import { entry, Listener } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog } from '../src/index.ts'
import { openers, openIoredis } from './clients.ts'
import { clusterOpeners } from './cluster-clients.ts'
import { ClusterStorage } from './cluster-storage.ts'
import { OwnCluster } from './own-cluster.ts'
import { freePort, OwnServer } from './own-server.ts'
import { Storage } from './storage.ts'
import { until } from './until.ts'

const redis = needs('redis-server')
const answerMs = 1_000

for (const [name, open] of openers) {
  redis.describe(`an outage that outlasts its calls, over ${name}`, () => {
    test('leaves nothing to be stored when the server is there again', async () => {
      const server = await OwnServer.start(redis.path)
      const storage = new Storage(open, server.port)
      const log = await storage.log({ answerMs })
      await log.append('news', entry('before'))
      await server.kill()
      await until(async () => storage.users[0]?.isOpen() === false)
      await fail(log)
      await server.start()
      expect(await firstStored(log)).toEqual(['after'])
      await storage.close()
      await server.dispose()
    })

    test('delays what is called shortly before its end, and keeps the order', async () => {
      const server = await OwnServer.start(redis.path)
      const storage = new Storage(open, server.port)
      const log = await storage.log({ answerMs: 10_000 })
      await log.append('news', entry('before'))
      await server.kill()
      await until(async () => storage.users[0]?.isOpen() === false)
      const appended = log.append('news', entry('during'))
      const deleted = new Promise(setImmediate).then(() => log.delete('news'))
      const head = new Promise(setImmediate).then(() => log.read('news', { after: 'head', limit: 0 }))
      await server.start()
      expect(await appended).toMatchObject({ offset: 1 })
      await deleted
      expect(await head).toMatchObject({ head: 0 })
      await storage.close()
      await server.dispose()
    })
  })
}

redis.describe('a client of ioredis that is not connected', () => {
  let storage: Storage
  beforeEach(() => {
    storage = new Storage(openIoredis)
  })
  afterEach(() => storage.close())

  test('is connected by the first call where it was made with lazyConnect, and keeps no listener of the log', async () => {
    const client = new Redis({ lazyConnect: true })
    const before = client.listenerCount('ready') + client.listenerCount('end')
    const log = createRedisLog({ client, prefix: storage.prefix })
    const appended = ['a', 'b', 'c'].map((channel) => log.append(channel, entry()))
    for (const position of await Promise.all(appended)) expect(position).toMatchObject({ offset: 1 })
    expect(client.listenerCount('ready') + client.listenerCount('end')).toBe(before)
    await log.close()
    client.disconnect()
  })

  test('refuses at once where it was closed, or made without a queue', async () => {
    const closed = new Redis()
    closed.disconnect()
    await until(async () => closed.status === 'end')
    const queueless = new Redis({
      port: await freePort(),
      enableOfflineQueue: false,
      retryStrategy: () => 10,
    })
    queueless.on('error', () => {})
    for (const client of [closed, queueless]) {
      const log = createRedisLog({ client, answerMs: 600_000 })
      await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
      await log.close()
      client.disconnect()
    }
  })
})

for (const [name, open] of clusterOpeners) {
  redis.describe(`an outage of a cluster that outlasts its calls, over ${name}`, () => {
    test('leaves nothing to be stored when the servers are there again', async () => {
      const cluster = await OwnCluster.start(redis.path, 0)
      const storage = new ClusterStorage(cluster, open)
      const log = await storage.log({ answerMs })
      await log.append('news', entry('before'))
      await Promise.all(cluster.members.map(({ server }) => server.kill()))
      // The client tries other nodes first, with what it was asked at that moment.
      for (let round = 0; round < 10 && storage.users[0]?.isOpen(); round += 1) {
        await log.append('at that moment', entry()).catch(() => {})
      }
      await fail(log)
      await Promise.all(cluster.members.map(({ server }) => server.start()))
      expect(await firstStored(log)).toEqual(['after'])
      await storage.close()
      await cluster.dispose()
    }, 60_000)
  })
}

/** Calls that nobody waits for any more when it is over. */
async function fail(log: EventLog): Promise<void> {
  const failure = { code: 'ERR_SSE_LOG_UNREACHABLE' }
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      ['news', 'other', 'third'].map((channel) =>
        expect(log.append(channel, entry('late'))).rejects.toMatchObject(failure),
      ),
    )
  }
  const listener = new Listener(log, 'news', { epoch: 'none', offset: 0, check: '0' })
  await listener.until(({ errors }) => errors.length > 0)
  await listener.stop()
  // A moment more: what was called last is taken back then.
  await new Promise((resolve) => setTimeout(resolve, answerMs))
}

/** The server began with nothing: what it has now was stored after the outage. */
async function firstStored(log: EventLog): Promise<readonly string[]> {
  const after = entry('after')
  const append = () => log.append('news', after, { idempotencyKey: 'after' })
  const isStored = () =>
    append().then(
      () => true,
      () => false,
    )
  await until(isStored)
  for (const channel of ['other', 'third']) {
    expect(await log.read(channel, { after: 'head', limit: 0 })).toMatchObject({ head: 0 })
  }
  const { entries } = await log.read('news', { after: 'start', limit: 10 })
  return entries.map(({ data }) => data)
}
