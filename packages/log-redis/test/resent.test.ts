import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog } from '../src/index.ts'
import { openers } from './clients.ts'
import { freePort } from './own-server.ts'
import { Storage, sharedPort } from './storage.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  redis.describe(`an append whose answer is lost, over ${name}`, () => {
    // ioredis sends what was not answered again, node-redis rejects: neither may store it twice.
    test('is stored once', async () => {
      const storage = new Storage(open)
      const proxy = await LosingProxy.start()
      const user = await open({ port: proxy.port })
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
      await user.close()
      await proxy.close()
      await storage.close()
    })
  })
}

/** Stands before the shared server, and can cut a connection when the server has done what it was asked. */
class LosingProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #losing: string | null = null

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
    this.#losing = text
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: Socket): void {
    const server = connect(sharedPort, '127.0.0.1')
    let isLosing = false
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (bytes) => {
      if (this.#losing !== null && bytes.includes(this.#losing)) {
        isLosing = true
        this.#losing = null
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (isLosing) client.destroy()
      else client.write(bytes)
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }
}
