import type { EventLog } from '@rivulet/core'
import { createSentinel } from 'redis'
import { entry, Listener } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog, type RedisClient } from '../src/index.ts'
import { openers } from './clients.ts'
import { freePort, OwnServer } from './own-server.ts'

const redis = needs('redis-server')
const start = { epoch: 'none', offset: 0, check: '0' }

for (const [name, open] of openers) {
  redis.describe(`errors over ${name}`, () => {
    const disposals: (() => Promise<void>)[] = []

    async function serve(): Promise<OwnServer> {
      const server = await OwnServer.start(redis.path)
      disposals.push(() => server.dispose())
      return server
    }

    async function connect(port: number): Promise<EventLog> {
      const user = await open({ port })
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
