import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Channel, createChannel, createSse, type EventLog, type Retention } from '@rivulet/core'
import { type CollectedEvent, type CollectedStream, type CollectOptions, collect } from '@rivulet/testing'

/** A process that serves channels of a log to SSE clients, each from the oldest event on. */
export class SseServer {
  readonly #log: EventLog
  readonly #channels = new Map<string, Channel>()
  readonly #retention: Retention
  readonly #sse = createSse()
  readonly #server = createServer((request, response) => {
    const channel = this.channel(request.url?.slice(1) ?? '')
    this.#sse.open(request, response).subscribe(channel, { from: 'start' })
  })

  private constructor(log: EventLog, retention: Retention) {
    this.#log = log
    this.#retention = retention
  }

  static async start(log: EventLog, retention: Retention = {}): Promise<SseServer> {
    const server = new SseServer(log, retention)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    const address = this.#server.address() as AddressInfo // it listens on TCP
    return `http://127.0.0.1:${address.port}`
  }

  channel(name: string): Channel {
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      channel = createChannel(name, { log: this.#log, retention: this.#retention })
      this.#channels.set(name, channel)
    }
    return channel
  }

  /** One client's connection. */
  collect(name: string, options: CollectOptions): Promise<CollectedStream> {
    return collect(this.url, `/${name}`, { timeoutMs: 30_000, ...options })
  }

  /** One client's connection, once it has had a payload; gives what it has come to, with the last. */
  async collectBetween(name: string, first: string, last: string): Promise<() => Promise<CollectedStream>> {
    return new Promise((resolve, reject) => {
      const until = ({ data }: CollectedEvent) => {
        if (data === first) resolve(() => stream)
        return data === last
      }
      const stream = this.collect(name, { until })
      stream.catch(reject)
    })
  }

  async close(): Promise<void> {
    await this.#sse.close({ graceMs: 0 })
    this.#server.closeAllConnections()
    this.#server.close()
    for (const channel of this.#channels.values()) await channel.close()
  }
}

/** Payloads of the events, without Rivulet's own. */
export function payloads(events: readonly CollectedEvent[]): string[] {
  return events.filter((event) => !event.isControl()).map(({ data }) => data)
}

/** What of a stream counts once all is over: what came behind the last `$gap`; whether there was one. */
export function afterGap({ events }: Pick<CollectedStream, 'events'>): {
  readonly wasTold: boolean
  readonly payloads: string[]
} {
  const gap = events.findLastIndex(({ event }) => event === '$gap')
  return { wasTold: gap !== -1, payloads: payloads(events.slice(gap + 1)) }
}
