import type { EventLog, Retention } from '@rivulet/core'
import type { Redis } from 'ioredis'
import { createRedisLog } from '../src/index.ts'
import type { OpenClient } from './clients.ts'
import { Gateway } from './gateway.ts'
import { OwnServer } from './own-server.ts'
import { SseServer } from './sse-server.ts'
import { Storage } from './storage.ts'

/** Servers of a test's own, and processes that serve streams from them; all gone when it is disposed. */
export class StreamBench {
  readonly #program: string
  readonly #open: OpenClient
  readonly #disposals: (() => Promise<void>)[] = []

  constructor(program: string, open: OpenClient) {
    this.#program = program
    this.#open = open
  }

  /** @param settings As on the command line: `'--appendonly', 'yes'`. */
  async engine(...settings: string[]): Promise<OwnServer> {
    const server = await OwnServer.start(this.#program, ...settings)
    this.#disposals.push(() => server.dispose())
    return server
  }

  async gateway(port: number): Promise<Gateway> {
    const gateway = await Gateway.start(port)
    this.#disposals.push(() => gateway.close())
    return gateway
  }

  async log(port: number, password?: string): Promise<EventLog> {
    const user = await this.#open({ port, password })
    const log = createRedisLog({ client: user.client, answerMs: 2_000, checkMs: 300 })
    this.#disposals.push(async () => {
      await log.close()
      await user.close()
    })
    return log
  }

  /** As another process has it. */
  async streams(port: number, retention?: Retention): Promise<SseServer> {
    const server = await SseServer.start(await this.log(port), retention)
    this.#disposals.push(() => server.close())
    return server
  }

  /** A connection to do damage with. */
  admin(port: number): Redis {
    const storage = new Storage(this.#open, port)
    this.#disposals.push(() => storage.close())
    return storage.admin
  }

  async dispose(): Promise<void> {
    for (const dispose of this.#disposals.splice(0).reverse()) await dispose()
  }
}
