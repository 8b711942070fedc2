import { type Channel, createChannel, type EventLog } from '@rivulet/core'
import { createRedisLog } from '@rivulet/log-redis'
import { createHistory, type History } from '@rivulet/testing'
import { Redis } from 'ioredis'
import { OwnServer } from '../../../packages/log-redis/test/own-server.ts'
import { readAll } from '../../chaos/harness/read-all.ts'
import { GuideProgram } from './guide-program.ts'
import { serversUp } from './haproxy-state.ts'
import { PatientClient } from './patient-client.ts'
import { type StartedProxy, startProxy } from './proxy.ts'
import { until } from './until.ts'

export interface SiteOptions {
  readonly redisPath: string
  readonly haproxyPath: string
  readonly clientCount: number
  readonly graceMs: number
}

const channelName = 'news'
const publishEveryMs = 100

/** The guide's two programs behind the guide's HAProxy, over a Redis of their own, with clients and a publisher. */
export class Site {
  readonly nodes: readonly [GuideProgram, GuideProgram]
  readonly clients: readonly PatientClient[]
  readonly #redis: OwnServer
  readonly #proxy: StartedProxy
  readonly #connection: Redis
  readonly #log: EventLog
  readonly #channel: Channel
  readonly #history: History = createHistory()
  readonly #publishing: Promise<unknown>[] = []
  #timer: NodeJS.Timeout | undefined
  #count = 0

  private constructor(
    redis: OwnServer,
    nodes: readonly [GuideProgram, GuideProgram],
    proxy: StartedProxy,
    clientCount: number,
  ) {
    this.#redis = redis
    this.nodes = nodes
    this.#proxy = proxy
    this.#connection = new Redis({ port: redis.port, host: '127.0.0.1' })
    this.#log = createRedisLog({ client: this.#connection, answerMs: 30_000 })
    this.#channel = createChannel(channelName, { log: this.#log })
    this.clients = Array.from(
      { length: clientCount },
      (_each, index) => new PatientClient(this.#history.client(`client ${index}`), channelName, proxy.port),
    )
    this.#timer = setInterval(() => this.#publishing.push(this.#publish()), publishEveryMs)
  }

  /** Resolves when all of it runs; the clients may still be on their way. */
  static async open({ redisPath, haproxyPath, clientCount, graceMs }: SiteOptions): Promise<Site> {
    const redis = await OwnServer.start(redisPath)
    try {
      const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}`, GRACE_MS: String(graceMs) }
      const nodes = [
        await GuideProgram.start('server-express.mjs', env),
        await GuideProgram.start('server-fastify.mjs', env),
      ] as const
      const upstreamPorts = [nodes[0].port, nodes[1].port] as const
      const proxy = await startProxy('haproxy', { path: haproxyPath, upstreamPorts })
      return new Site(redis, nodes, proxy, clientCount)
    } catch (error) {
      await redis.dispose()
      throw error
    }
  }

  /** Until the proxy has both nodes and every client is connected. */
  async isWhole(): Promise<void> {
    await until(async () => {
      const up = await serversUp(this.#proxy)
      return up.includes('streams/one') && up.includes('streams/two')
    }, 'the proxy to have both nodes')
    await this.allOpen()
  }

  async allOpen(): Promise<void> {
    await until(() => this.clients.every(({ isOpen }) => isOpen), 'every client to be connected', 30_000)
  }

  /**
   * Publishes a last event and waits until everyone has it.
   *
   * @throws (rejects) Error where the history is not exact, or a client was answered anything but 200.
   */
  async finish(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#publishing)
    let isPublished = false
    for (let attempt = 0; attempt < 10 && !isPublished; attempt += 1) isPublished = await this.#publish()
    if (!isPublished) throw new Error('Nothing could be published in the end.')
    const last = JSON.stringify({ n: this.#count })
    await until(() => this.clients.every(({ newest }) => newest === last), 'the last event', 60_000)
    const statuses = new Set(this.clients.flatMap(({ visits }) => visits.map(({ status }) => status)))
    if (statuses.size !== 1 || !statuses.has(200)) throw new Error(`Answers: ${[...statuses].join(', ')}.`)
    this.#history.settled(channelName, await readAll(this.#log, channelName))
    this.#history.assertExact()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const client of this.clients) client.close()
    this.#channel.close()
    await this.#log.close()
    this.#connection.disconnect()
    for (const node of this.nodes) await node.dispose()
    await this.#redis.dispose()
  }

  /** @returns whether it was acknowledged. One that was not may be stored all the same, which the log says in the end. */
  async #publish(): Promise<boolean> {
    this.#count += 1
    try {
      await this.#history.publish(this.#channel, { data: { n: this.#count } })
      return true
    } catch {
      return false
    }
  }
}
