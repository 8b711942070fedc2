import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog } from '../src/index.ts'
import { openers, type UserClient } from './clients.ts'
import { freePort } from './own-server.ts'
import { Storage, sharedPort } from './storage.ts'
import { until } from './until.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  redis.describe(`an append whose answer is lost, over ${name}`, () => {
    let storage: Storage
    let proxy: LosingProxy
    let user: UserClient
    beforeEach(async () => {
      storage = new Storage(open)
      proxy = await LosingProxy.start()
      user = await open({ port: proxy.port })
    })
    afterEach(async () => {
      await user.close()
      await proxy.close()
      await storage.close()
    })

    // ioredis sends what was not answered again, node-redis rejects: neither may store it twice.
    test('is stored once', async () => {
      const log = createRedisLog({ client: user.client, prefix: storage.prefix })
      await log.append('news', entry('first'))
      proxy.loseNextAnswerTo('lost answer')
      const outcome = await log.append('news', entry('lost answer')).catch((error: unknown) => error)
      await log.append('news', entry('next'))

      const { entries } = await log.read('news', { after: 'start', limit: 10 })
      expect(entries.map(({ data }) => data)).toEqual(['first', 'lost answer', 'next'])
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
      else expect(outcome).toMatchObject({ offset: 2 })
      await log.close()
    })

    for (const [kept, idleMs] of [
      ['', undefined],
      [', in a channel that is kept for a minute', 60_000],
      [', in a channel that is kept for ever', false],
    ] as const) {
      test(`is stored once where the connection is given up after a long time${kept}`, async () => {
        const log = createRedisLog({ client: user.client, prefix: storage.prefix, answerMs: 2_000 })
        await log.configure('news', { retention: { idleMs } })
        await log.append('news', entry('first'))
        proxy.swallowAnswersFrom('lost answer')
        const late = { code: 'ERR_SSE_LOG_UNREACHABLE' }
        await expect(log.append('news', entry('lost answer'))).rejects.toMatchObject(late)
        await storage.admin.persist(storage.key('news', 'stream')) // somebody reads it all the time
        await storage.admin.persist(storage.key('news', 'meta'))
        await storage.age(30 * 60_000)
        proxy.cut()
        // Refused where the client has not noticed yet.
        const append = () => log.append('news', entry('next'), { idempotencyKey: 'next' })
        await until(() =>
          append().then(
            () => true,
            () => false,
          ),
        )

        const { entries } = await log.read('news', { after: 'start', limit: 10 })
        expect(entries.map(({ data }) => data)).toEqual(['first', 'lost answer', 'next'])
        await log.close()
      })
    }
  })
}

/** What is asked, and whether the connection is cut when it is answered. */
interface Loss {
  readonly text: string
  readonly isCutting: boolean
}

/** Stands before the shared server, and can cut a connection, or let nothing through any more, when the server has done what it was asked. */
class LosingProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #losing: Loss | null = null

  private constructor(port: number) {
    this.port = port
    this.#server = createServer((client) => this.#connect(client))
  }

  static async start(): Promise<LosingProxy> {
    const proxy = new LosingProxy(await freePort())
    proxy.#server.listen(proxy.port, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  loseNextAnswerTo(text: string): void {
    this.#losing = { text, isCutting: true }
  }

  /** On the connection that it is asked on, which is not cut. */
  swallowAnswersFrom(text: string): void {
    this.#losing = { text, isCutting: false }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: Socket): void {
    const server = connect(sharedPort, '127.0.0.1')
    let losing: Loss | null = null
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (bytes) => {
      if (this.#losing !== null && bytes.includes(this.#losing.text)) {
        losing = this.#losing
        this.#losing = null
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (losing === null) client.write(bytes)
      else if (losing.isCutting) client.destroy()
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }
}
