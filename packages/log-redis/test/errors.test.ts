import type { EventLog, Position } from '@rivulet/core'
import { createSentinel } from 'redis'
import { entry, Listener } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog, type RedisClient } from '../src/index.ts'
import { openers } from './clients.ts'
import { freePort, OwnServer } from './own-server.ts'
import { Storage } from './storage.ts'
import { until } from './until.ts'

const redis = needs('redis-server')
const start = { epoch: 'none', offset: 0, check: '0' }

for (const [name, open] of openers) {
  redis.describe(`errors over ${name}`, () => {
    const disposals: (() => Promise<void>)[] = []

    async function serve(...settings: string[]): Promise<OwnServer> {
      const server = await OwnServer.start(redis.path, ...settings)
      disposals.push(() => server.dispose())
      return server
    }

    async function connect(port: number, password?: string): Promise<EventLog> {
      const user = await open({ port, password })
      const log = createRedisLog({ client: user.client, answerMs: 1_500, checkMs: 300 })
      disposals.push(async () => {
        await log.close()
        await user.close()
      })
      return log
    }

    afterEach(async () => {
      for (const dispose of disposals.splice(0).reverse()) await dispose()
    })

    test('a server that is not there is unreachable, to writers, readers and those who follow', async () => {
      const log = await connect(await freePort())
      const failure = { code: 'ERR_SSE_LOG_UNREACHABLE', cause: expect.anything() }
      await expect(log.append('news', entry())).rejects.toMatchObject(failure)
      await expect(log.read('news', { after: 'head', limit: 0 })).rejects.toMatchObject(failure)
      const listener = new Listener(log, 'news', start)
      await listener.until(({ errors }) => errors.length > 0)
      expect(listener.errors[0]).toMatchObject(failure)
      await listener.stop()
    })

    test('a host that nobody knows is unreachable, and the error names it', async () => {
      const user = await open({ host: 'redis.invalid', port: 6379 })
      const log = createRedisLog({ client: user.client, answerMs: 1_500 })
      disposals.push(async () => {
        await log.close()
        await user.close()
      })
      await expect(log.append('news', entry())).rejects.toMatchObject({
        code: 'ERR_SSE_LOG_UNREACHABLE',
        message: expect.stringContaining('redis.invalid'),
      })
    })

    test('a wrong password is refused, to writers and those who follow', async () => {
      const server = await serve('--requirepass', 'right')
      const log = await connect(server.port, 'wrong')
      const failure = { code: 'ERR_SSE_LOG_ACCESS', cause: expect.anything() }
      await expect(log.append('news', entry())).rejects.toMatchObject(failure)
      const listener = new Listener(log, 'news', start)
      await listener.until(({ errors }) => errors.length > 0)
      expect(listener.errors[0]).toMatchObject(failure)
      await listener.stop()
    })

    test('a replica is read-only', async () => {
      const primary = await serve()
      const replica = await serve('--replicaof', '127.0.0.1', String(primary.port))
      const log = await connect(replica.port)
      await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_READ_ONLY' })
    })

    test('a full memory refuses an append whole, and serves readers on', async () => {
      const server = await serve('--maxmemory-policy', 'noeviction')
      const log = await connect(server.port)
      const position = await log.append('news', entry())
      const storage = new Storage(open, server.port)
      disposals.push(() => storage.close())
      await storage.admin.config('SET', 'maxmemory', '1')
      await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FULL' })
      const result = await log.read('news', { after: position, limit: 10 })
      expect(result).toMatchObject({ head: 1, entries: [] })
      expect(result).not.toHaveProperty('invalid')
      await storage.admin.config('SET', 'maxmemory', '0')
      expect(await log.append('news', entry())).toMatchObject({ offset: 2 })
    })

    test('a key that holds something else is foreign', async () => {
      const server = await serve()
      const log = await connect(server.port)
      const storage = new Storage(open, server.port)
      disposals.push(() => storage.close())
      await storage.admin.set('rivulet:{news}:stream', 'mine')
      await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FOREIGN_KEY' })
      expect(await storage.admin.get('rivulet:{news}:stream')).toBe('mine')
    })

    test('a server that lacks a command is too old', async () => {
      const server = await serve('--rename-command', 'XADD', '')
      const log = await connect(server.port)
      await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_VERSION' })
    })

    test('an entry larger than the server takes is refused, and the next one is stored', async () => {
      const server = await serve('--proto-max-bulk-len', '1mb')
      const log = await connect(server.port)
      const large = log.append('news', entry('x'.repeat(2 * 1024 * 1024)))
      // The server says so and hangs up at once: while the rest of the entry is still on its way, the reset may get here before
      // the answer has been read.
      await expect(large).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_SSE_LOG_(TOO_LARGE|UNREACHABLE)$/),
      })
      // A client that sends the large one again by itself, since nothing was answered, is hung up on again.
      const next = entry()
      let position: Position | undefined
      await until(async () => {
        position = await log.append('news', next, { idempotencyKey: 'next' }).catch(() => undefined)
        return position !== undefined
      })
      expect(position).toMatchObject({ offset: 1 })
    })

    test('options that make no sense are refused at once', async () => {
      const { client } = await open({ port: (await serve()).port }).then((user) => {
        disposals.push(() => user.close())
        return user
      })
      const refusal = expect.objectContaining({ code: 'ERR_SSE_OPTION' })
      // Wrong on purpose: what a program without types may pass.
      const wrong = {} as RedisClient
      expect(() => createRedisLog({ client: wrong })).toThrow(refusal)
      const sentinel = createSentinel({
        name: 'primary',
        sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }],
      })
      expect(() => createRedisLog({ client: sentinel as unknown as RedisClient })).toThrow(
        /use ioredis with sentinels/,
      )
      expect(() => createRedisLog({ client, prefix: 'a{b}' })).toThrow(refusal)
      expect(() => createRedisLog({ client, checkMs: 0 })).toThrow(refusal)
      expect(() => createRedisLog({ client, answerMs: Number.NaN })).toThrow(refusal)
      expect(() => createRedisLog({ client, ...{ prefx: 'typo' } })).toThrow(refusal)
    })
  })
}
