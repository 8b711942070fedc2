import { requestOf } from '../../../packages/testing/src/collect/request.ts'
import { StreamClient } from '../../../packages/testing/src/collect/stream-client.ts'

export const protocols = ['HTTP/1.1', 'HTTP/2'] as const
export type Protocol = (typeof protocols)[number]

const patienceMs = 20_000
const opened = new Set<StreamThrough>()

afterEach(() => {
  for (const stream of opened) stream.client.leave()
  opened.clear()
})

/** A client of `/news` that comes back as the standard says, in one protocol, to one origin. */
export class StreamThrough {
  client: StreamClient
  readonly #origin: string
  readonly #protocol: Protocol
  readonly #payloads: string[] = []

  private constructor(origin: string, protocol: Protocol) {
    this.#origin = origin
    this.#protocol = protocol
    this.client = this.#connect(undefined)
    opened.add(this)
  }

  /** Resolves when the stream is subscribed. */
  static async open(origin: string, protocol: Protocol): Promise<StreamThrough> {
    const stream = new StreamThrough(origin, protocol)
    await stream.#ready()
    return stream
  }

  /** Which node answers. */
  get nodeName(): string | undefined {
    return this.client.headers['x-node']?.toString()
  }

  /** What came on all of its connections. */
  get payloads(): readonly string[] {
    return [...this.#payloads, ...this.#own()]
  }

  async received(data: string): Promise<void> {
    await this.client.waitFor(() => this.#own().includes(data), data, patienceMs)
    if (!this.#own().includes(data)) throw new Error(this.client.describe(`"${data}" has not come`))
  }

  /** Whether the connection came to its end as it should. */
  get isHungUp(): boolean {
    return this.client.state === 'ended'
  }

  /** Waits for the time that it was told, and opens another connection. */
  async comeBack(): Promise<void> {
    this.#payloads.push(...this.#own())
    const { retryMs, lastEventId } = this.client
    await new Promise((resolve) => setTimeout(resolve, retryMs ?? 0))
    this.client = this.#connect(lastEventId)
    await this.#ready()
  }

  #own(): string[] {
    return this.client.events.filter((event) => !event.isControl()).map(({ data }) => data)
  }

  #connect(lastEventId: string | undefined): StreamClient {
    const endpoint = {
      origin: this.#origin,
      isHttp2: this.#protocol === 'HTTP/2',
      release: () => Promise.resolve(),
    }
    return new StreamClient(endpoint, requestOf('/news', { lastEventId }))
  }

  async #ready(): Promise<void> {
    const isReady = () => this.client.events.some(({ event }) => event === '$ready')
    await this.client.waitFor(isReady, '$ready', patienceMs)
    if (!isReady()) throw new Error(this.client.describe('no stream was opened'))
  }
}
