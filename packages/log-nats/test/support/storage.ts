import { randomUUID } from 'node:crypto'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { createNatsLog, type NatsLogOptions } from '../../src/index.ts'
import { LinkProxy } from './link-proxy.ts'

export const sharedPort = 4222

/** Reconnects as soon as there is a server, for ever. */
export const connectionOptions: ConnectionOptions = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 20,
  reconnectJitter: 0,
}

/** Streams of one test on a server, the logs over them, and a connection to look at them and to do damage. */
export class Storage {
  readonly prefix = `test-${randomUUID().slice(0, 8)}`
  readonly connections: NatsConnection[] = []
  readonly admin: NatsConnection
  readonly api: JetStreamManager
  readonly proxy: LinkProxy
  readonly #logs: EventLog[] = []

  private constructor(admin: NatsConnection, api: JetStreamManager, proxy: LinkProxy) {
    this.admin = admin
    this.api = api
    this.proxy = proxy
  }

  static async open(port = sharedPort): Promise<Storage> {
    const admin = await connect({ ...connectionOptions, port })
    return new Storage(admin, await jetstreamManager(admin, { checkAPI: false }), await LinkProxy.start(port))
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

  /** A user's connection, through the proxy. */
  async connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
    const connection = await connect({ ...connectionOptions, port: this.proxy.port, ...options })
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
    for (const name of await this.streams()) await this.api.streams.delete(name)
    await this.admin.close()
    await this.proxy.close()
  }
}
