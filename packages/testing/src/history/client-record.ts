import { StreamParser } from '../collect/stream-parser.ts'

/** What a connection listens to in one channel: what its handler gave to `subscribe`. */
export interface RecordedSubscription {
  readonly topics?: readonly string[] | undefined
  /** Where it begins without a cursor. Default `'live'`. */
  readonly from?: 'live' | 'start' | (string & {}) | undefined
  /** Stands for `filter` and a `notBefore` in time: events for which it is false must not come. */
  readonly hears?: ((event: { readonly event: string; readonly data: unknown }) => boolean) | undefined
  /** An id: nothing up to it may come. */
  readonly notBefore?: string | undefined
  /** Whether there is one: state stands for history then. */
  readonly snapshot?: boolean | undefined
  /** Of events with one key only the newest need come. */
  readonly coalesce?: ((event: { readonly event: string; readonly data: unknown }) => unknown) | undefined
}

/** One complete block, as a parser gives it. */
export interface RecordedBlock {
  readonly event: string
  readonly data: string
  readonly id?: string | undefined
}

/** What happened on a connection, in the order of everything recorded. */
export type ConnectionStep =
  | { readonly kind: 'block'; readonly at: number; readonly block: RecordedBlock }
  | {
      readonly kind: 'subscribe'
      readonly at: number
      readonly channel: string
      readonly options: RecordedSubscription
    }
  | { readonly kind: 'unsubscribe'; readonly at: number; readonly channel: string }
  | {
      readonly kind: 'topics'
      readonly at: number
      readonly channel: string
      readonly topics: readonly string[] | undefined
      readonly position: string
    }

/** One connection of a client, from its request to its end. */
export class RecordedConnection {
  /** What the client brought; `null` if nothing. */
  readonly lastEventId: string | null
  readonly steps: ConnectionStep[] = []
  #isOpen = true
  readonly #tick: () => number
  readonly #parser: StreamParser
  readonly #onId: (id: string) => void

  constructor(lastEventId: string | null, tick: () => number, onId: (id: string) => void) {
    this.lastEventId = lastEventId
    this.#tick = tick
    this.#onId = onId
    this.#parser = new StreamParser((event) => {
      this.received(event)
      return false
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** What a server should not have written, each with its line. */
  get problems(): readonly string[] {
    return this.#parser.problems
  }

  /** The handler subscribes the stream to a channel: when it is opened, or later. */
  subscribe(channel: string, options: RecordedSubscription = {}): this {
    this.steps.push({ kind: 'subscribe', at: this.#tick(), channel, options })
    return this
  }

  /** The subscription is closed, the connection goes on. */
  unsubscribe(channel: string): void {
    this.steps.push({ kind: 'unsubscribe', at: this.#tick(), channel })
  }

  /** @param position `subscription.position` right before its `setTopics`: the new topics hold behind it. */
  setTopics(channel: string, topics: readonly string[] | undefined, position: string): void {
    this.steps.push({ kind: 'topics', at: this.#tick(), channel, topics, position })
  }

  /** A block has come. Blocks that were cut off are none. */
  received(block: RecordedBlock): void {
    if (!this.#isOpen) return
    this.steps.push({ kind: 'block', at: this.#tick(), block })
    if (block.id !== undefined) this.#onId(block.id)
  }

  /** Bytes of the body have come, cut wherever they were. An alternative to `received`. */
  push(bytes: Buffer): void {
    if (this.#isOpen) this.#parser.push(bytes)
  }

  /** The connection is gone, whoever dropped it. What comes afterwards does not count. */
  cut(): void {
    this.#isOpen = false
  }
}

/** Everything one client received over all its connections. */
export class RecordedClient {
  readonly name: string
  readonly connections: RecordedConnection[] = []
  #lastEventId: string | null = null
  readonly #tick: () => number

  constructor(name: string, tick: () => number) {
    this.name = name
    this.#tick = tick
  }

  /** The last id that came with a complete block: what this client brings next. */
  get lastEventId(): string | null {
    return this.#lastEventId
  }

  /**
   * The client connects; the connection before is gone.
   *
   * @param lastEventId What it brings. Default: what a client that does as the standard says would.
   */
  connect(lastEventId: string | null = this.#lastEventId): RecordedConnection {
    this.connections.at(-1)?.cut()
    const connection = new RecordedConnection(lastEventId, this.#tick, (id) => {
      this.#lastEventId = id === '' ? null : id
    })
    this.connections.push(connection)
    return connection
  }
}
