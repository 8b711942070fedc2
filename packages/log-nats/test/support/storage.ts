import { randomUUID } from 'node:crypto'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { createNatsLog, type NatsLogOptions } from '../../src/index.ts'
import { LinkProxy } from './link-proxy.ts'

const sharedPort = 4222

/** Reconnects as soon as there is a server, for ever. */
export const connectionOptions: ConnectionOptions = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 20,
  reconnectJitter: 0,
}

interface StorageParts {
  readonly admin: NatsConnection
  readonly api: JetStreamManager
  readonly proxy: LinkProxy | null
  readonly servers: readonly string[]
  readonly isShared: boolean
}

/** Streams of one test on a server, the logs over them, and a connection to look at them and to do damage. */
export class Storage {
  readonly prefix = `test-${randomUUID().slice(0, 8)}`
  readonly connections: NatsConnection[] = []
  readonly admin: NatsConnection
  readonly api: JetStreamManager
  readonly #servers: readonly string[]
  readonly #proxy: LinkProxy | null
  readonly #isShared: boolean
  readonly #logs: EventLog[] = []

  private constructor({ admin, api, proxy, servers, isShared }: StorageParts) {
    this.admin = admin
    this.api = api
    this.#proxy = proxy
    this.#servers = proxy === null ? servers : [`127.0.0.1:${proxy.port}`]
    this.#isShared = isShared
  }

  /** Over one server, through a proxy, or over a cluster's. */
  static async open(ports: number | readonly number[] = sharedPort): Promise<Storage> {
    const servers = [ports].flat().map((port) => `127.0.0.1:${port}`)
    const admin = await connect({ ...connectionOptions, servers })
    const proxy = typeof ports === 'number' ? await LinkProxy.start(ports) : null
    const api = await jetstreamManager(admin, { checkAPI: false })
    return new Storage({ admin, api, proxy, servers, isShared: ports === sharedPort })
  }

  /** What stands before the one server. */
  get proxy(): LinkProxy {
    if (this.#proxy === null) throw new Error('There is no proxy before a cluster.')
    return this.#proxy
  }

  /** A log over a connection of its own, as another process has it. */
  async log(options: Partial<NatsLogOptions> = {}): Promise<EventLog> {
    const log = createNatsLog({
      connection: await this.connect(),
      prefix: this.prefix,
      checkMs: 300,
      ...options,
    })
    this.#logs.push(log)
    return log
  }

  /** A user's connection. */
  async connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
    const connection = await connect({
      ...connectionOptions,
      servers: [...this.#servers],
      ...options,
    })
    this.connections.push(connection)
    return connection
  }

  /** Streams of a channel, or of all. */
  async streams(channel = ''): Promise<string[]> {
    const names: string[] = []
    for await (const name of this.api.streams.names(`${this.prefix}.*`)) {
      if (name.startsWith(`${this.prefix}-${channel.replace(/[^A-Za-z0-9]+/g, '_').slice(0, 32)}`))
        names.push(name)
    }
    return names
  }

  async stream(channel: string): Promise<string> {
    const [name, ...others] = await this.streams(channel)
    if (name === undefined || others.length > 0) throw new Error(`There is one stream of ${channel}.`)
    return name
  }

  async close(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const connection of this.connections) await connection.close()
    // Servers of a test's own go with all they have, and may be gone already.
    if (this.#isShared) for (const name of await this.streams()) await this.api.streams.delete(name)
    await this.admin.close()
    await this.#proxy?.close()
  }
}
