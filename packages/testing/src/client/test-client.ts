import type { IncomingHttpHeaders } from 'node:http'
import { SseError } from '@rivulet/core'
import type { CollectedEvent } from '../collect/collected-event.ts'
import { type CollectTarget, type Endpoint, openEndpoint } from '../collect/endpoint.ts'
import { requestOf } from '../collect/request.ts'
import { StreamClient, type StreamClientState } from '../collect/stream-client.ts'
import { checkTestClientOptions, type TestClientOptions } from './test-client-options.ts'

const defaultTimeoutMs = 4_000

/** How a test client and its server stand: `new` never had a connection, `left` is after `cut()` or `close()`; the server `ended` it, or it is `broken`. */
export type TestClientState = StreamClientState | 'new'

/**
 * A client that does what a test tells it: it comes, reads, stalls, loses its connection and comes back with the last id that
 * it got, as a browser's EventSource does, but never by itself.
 *
 * Made by {@link createTestClient}. Methods that wait reject with SseError `ERR_SSE_TIMEOUT` after `timeoutMs` and say what
 * came, and with an Error when the connection is over before what they wait for.
 */
export class TestClient {
  readonly #target: CollectTarget
  readonly #path: string
  readonly #options: TestClientOptions
  /** One per connection, the newest last. */
  readonly #streams: StreamClient[] = []
  #endpoint: Endpoint | undefined
  #isClosed = false
  /** How many of `events` were taken by `next`, and how many comments of this connection by `nextComment`. */
  #takenCount = 0
  #takenComments = 0

  constructor(target: CollectTarget, path: string, options: TestClientOptions = {}) {
    checkTestClientOptions(options)
    this.#target = target
    this.#path = path
    this.#options = options
  }

  /** All events of all connections, in the order in which they came, Rivulet's own among them. */
  get events(): readonly CollectedEvent[] {
    return this.#streams.flatMap(({ events }) => events)
  }

  /** What it brings back when it connects again; `''` for nothing. */
  get lastEventId(): string {
    const newest = this.#streams.findLast(({ lastEventId }) => lastEventId !== '')
    return newest?.lastEventId ?? this.#options.lastEventId ?? ''
  }

  /** Status of the newest answer; 0 before there is one. */
  get status(): number {
    return this.#stream?.status ?? 0
  }

  /** Headers of the newest answer. */
  get headers(): IncomingHttpHeaders {
    return this.#stream?.headers ?? {}
  }

  /** The reconnection time that the server named on the newest connection, in milliseconds; `null` for none. */
  get retryMs(): number | null {
    return this.#stream?.retryMs ?? null
  }

  /** Comments of the newest connection, one per line; a heartbeat is `''`. */
  get comments(): readonly string[] {
    return this.#stream?.comments ?? []
  }

  /** How often it has connected. */
  get connectionCount(): number {
    return this.#streams.length
  }

  /** Whether it has a connection, or why not. */
  get state(): TestClientState {
    return this.#stream?.state ?? 'new'
  }

  /**
   * Connects, or comes back with `lastEventId`. Resolves when the head of the answer has come, whatever its status.
   *
   * @param target Where to come back to: another server, or the same one started anew. Default: where it was.
   * @throws (rejects) with SseError `ERR_SSE_OPTION` while it is connected
   */
  async connect(target: CollectTarget = this.#target): Promise<void> {
    if (this.#isClosed) throw new SseError('ERR_SSE_OPTION', 'connect(): the client was closed.')
    if (this.state === 'open' || this.state === 'connecting') {
      throw new SseError('ERR_SSE_OPTION', 'connect(): the client is connected; cut() it first.')
    }
    // Also where the server ended it: the connection waits for another request.
    this.#stream?.leave()
    await this.#endpoint?.release()
    this.#endpoint = await openEndpoint(target)
    const { timeoutMs: _, ...options } = this.#options
    const request = requestOf(this.#path, { ...options, lastEventId: this.lastEventId || undefined })
    const stream = new StreamClient(this.#endpoint, request)
    this.#streams.push(stream)
    this.#takenComments = 0
    await this.#waitFor(() => stream.status !== 0, 'the head')
  }

  /**
   * The next event that was not taken yet, over all connections. Those before it are passed over.
   *
   * @param type Its type, Rivulet's own (`'$ready'`, `'$gap'` …) too. Left out: the next that isn't one of Rivulet's own.
   */
  async next(type?: string): Promise<CollectedEvent> {
    const isWanted = (event: CollectedEvent) =>
      type === undefined ? !event.isControl() : event.event === type
    const find = () => this.events.findIndex((event, index) => index >= this.#takenCount && isWanted(event))
    await this.#waitFor(() => find() !== -1, type === undefined ? 'an event' : `an event ${type}`)
    const index = find()
    const event = this.events[index]
    if (event === undefined) throw new Error('unreachable: the wait is over when there is one')
    this.#takenCount = index + 1
    return event
  }

  /** The next comment of this connection that was not taken yet: `''` is a heartbeat. */
  async nextComment(): Promise<string> {
    await this.#waitFor(() => this.comments.length > this.#takenComments, 'a comment')
    const comment = this.comments[this.#takenComments]
    this.#takenComments += 1
    return comment ?? ''
  }

  /** Resolves when the server has ended this connection, or it broke; says which. At once where it is over already. */
  async disconnected(): Promise<'ended' | 'broken' | 'left'> {
    await this.#stream?.waitFor(() => false, 'the end of the connection', this.#timeoutMs)
    return this.state === 'ended' || this.state === 'broken' ? this.state : 'left'
  }

  /**
   * Reads no more, but stays. What the server sends waits in the kernel's buffers (up to some 4 MB on one machine), then in
   * the server, where the stream is behind from then on.
   */
  stall(): void {
    this.#stream?.pause()
  }

  /** Reads on after `stall()`. */
  resume(): void {
    this.#stream?.resume()
  }

  /** Drops the connection, as a network that is gone. Resolves when a server of this process has noticed: its `onClose` has run. */
  async cut(): Promise<void> {
    await this.#stream?.leaveSeen()
    await this.#endpoint?.release()
    this.#endpoint = undefined
  }

  /** Leaves for good, and closes what was started for it. Once is enough; more does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.cut()
  }

  /** `await using client = createTestClient(…)` closes at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? defaultTimeoutMs
  }

  get #stream(): StreamClient | undefined {
    return this.#streams.at(-1)
  }

  async #waitFor(holds: () => boolean, what: string): Promise<void> {
    const stream = this.#stream
    if (stream === undefined) {
      if (holds()) return
      throw new SseError('ERR_SSE_OPTION', `waiting for ${what}: the client is not connected; connect() it.`)
    }
    await stream.waitFor(holds, what, this.#timeoutMs)
    if (holds()) return
    throw new Error(stream.describe(`the connection is over while waiting for ${what}`), {
      cause: stream.error,
    })
  }
}

/**
 * A client for tests of what happens between connections: it stalls, loses its connection and comes back on command.
 *
 * ```ts
 * const client = createTestClient(app, '/orders')
 * await client.connect()
 * await client.next('$ready')
 * await client.cut()
 * await orders.publish({ event: 'order.created', data: { id: 7 } })
 * await client.connect()
 * expect((await client.next()).json()).toEqual({ id: 7 })
 * await client.close()
 * ```
 *
 * @param target As for `collect`: an Express app, a Fastify instance, a request listener, a server, or a URL. What doesn't listen
 * is started for each connection and closed after it.
 * @param path Path and query of the stream.
 * @throws SseError `ERR_SSE_OPTION`
 */
export function createTestClient(
  target: CollectTarget,
  path: string,
  options: TestClientOptions = {},
): TestClient {
  return new TestClient(target, path, options)
}
