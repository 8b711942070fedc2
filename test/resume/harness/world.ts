import type { Server } from 'node:http'
import {
  type Channel,
  createChannel,
  createMemoryLog,
  createSse,
  type EventLog,
  type EventStream,
  type Sse,
  type StreamOptions,
  type Subscription,
} from '@rivulet/core'
import { createHistory, type History, type RecordedClient, type RecordedConnection } from '@rivulet/testing'
import { ControlledLog } from './controlled-log.ts'
import { ControlledClient, createControlledServer } from './controlled-socket.ts'

/** What a client's handler does with its stream. */
export interface Plan {
  /** Topics per channel, in the order of subscribing; `undefined` hears everything. */
  readonly channels: readonly (readonly [name: string, topics: readonly string[] | undefined])[]
  /** The last of several channels is subscribed to only when the test says so. */
  readonly isLastLate: boolean
  readonly from: 'live' | 'start'
  readonly hasSnapshot: boolean
  readonly coalesces: boolean
  /** It leaves out every third event. */
  readonly filters: boolean
}

export interface WorldOptions {
  /** `memory`: core's own; `controlled`: answers when the test says so. */
  readonly log: 'memory' | 'controlled'
  readonly maxEvents: number
  readonly plans: readonly Plan[]
  readonly stream?: StreamOptions | undefined
}

interface Member {
  readonly plan: Plan
  readonly record: RecordedClient
  connection: RecordedConnection | null
  client: ControlledClient | null
  subscriptions: Map<string, Subscription>
  subscribeLate: (() => void) | null
}

const names = ['a', 'b'] as const

/** Lets everything happen that needs no more time and no answer of the log. */
export async function settle(rounds = 4): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A server with two channels over one log, some clients, and the history of it all. */
export class World {
  readonly history: History
  readonly log: EventLog
  readonly controlled: ControlledLog | null
  readonly channels = new Map<string, Channel>()
  readonly members: readonly Member[]
  readonly errors: unknown[] = []
  readonly #server: Server
  readonly #sse: Sse
  #published = 0
  readonly #publishing = new Set<Promise<unknown>>()
  readonly #offsets = new Map<string, Map<number, string>>()

  constructor({ log, maxEvents, plans, stream }: WorldOptions) {
    this.history = createHistory({ sealedIds: stream?.cursorSecret !== undefined })
    this.controlled = log === 'controlled' ? new ControlledLog() : null
    this.log = this.controlled ?? createMemoryLog()
    for (const name of names) {
      const channel = createChannel(name, { log: this.log, retention: { maxEvents } })
      this.channels.set(name, channel)
      this.history.keeps(name, maxEvents)
    }
    this.members = plans.map((plan, index) => ({
      plan,
      record: this.history.client(`client ${index}`),
      connection: null,
      client: null,
      subscriptions: new Map(),
      subscribeLate: null,
    }))
    this.#sse = createSse({ ...stream, onError: (error) => this.errors.push(error) })
    this.#server = createControlledServer((request, response) => {
      const member = this.#member(Number(request.url?.slice(1)))
      const stream = this.#sse.open(request, response)
      this.#subscribe(member, stream)
    })
  }

  publish(name: string, topics: readonly string[], padding = 0): void {
    this.#published += 1
    const data = { n: this.#published, key: this.#published % 3, padding: 'x'.repeat(padding) }
    const publishing = this.history
      .publish(this.#channel(name), { event: 'tick', data, topics })
      .then(
        ({ id }) => this.#note(name, id),
        () => {},
      )
      .finally(() => this.#publishing.delete(publishing))
    this.#publishing.add(publishing)
  }

  connect(index: number): void {
    const member = this.#member(index)
    if (member.client !== null && !member.client.isOver) return
    const connection = member.record.connect()
    member.connection = connection
    member.subscriptions = new Map()
    const { lastEventId } = connection
    member.client = new ControlledClient(this.#server, `/${index}`, lastEventId, (bytes) =>
      connection.push(bytes),
    )
  }

  cut(index: number, count: number): void {
    const member = this.#member(index)
    member.client?.cut(count)
    member.connection?.cut()
  }

  stall(index: number): void {
    const { client } = this.#member(index)
    if (client !== null) client.isReading = false
  }

  read(index: number, count: number): void {
    this.#member(index).client?.read(count)
  }

  resume(index: number): void {
    this.#member(index).client?.resume()
  }

  setTopics(index: number, name: string, topics: readonly string[] | undefined): void {
    const { subscriptions, connection } = this.#member(index)
    const subscription = subscriptions.get(name)
    if (subscription === undefined || connection === null) return
    connection.setTopics(name, topics, subscription.position)
    subscription.setTopics(topics)
  }

  subscribeLate(index: number): void {
    const member = this.#member(index)
    member.subscribeLate?.()
    member.subscribeLate = null
  }

  /** Loses a channel's history: all of it, or what is behind one of its newest events. */
  lose(name: string, keep: number | null): void {
    if (this.controlled === null) {
      this.history.lost(name)
      void this.log.delete(name)
      return
    }
    if (keep === null) {
      this.history.lost(name)
      this.controlled.lose(name)
      return
    }
    const entries = this.controlled.entries(name)
    const entry = entries[entries.length - 1 - (keep % Math.max(entries.length, 1))]
    const id = entry === undefined ? undefined : this.#offsets.get(entry.check)?.get(entry.offset)
    if (entry === undefined || id === undefined) return
    this.history.lost(name, id)
    this.controlled.rollBack(name, entry.offset)
  }

  /** Everything works again; everyone comes back and gets everything. */
  async finish(advance: (ms: number) => void): Promise<void> {
    this.controlled?.heal()
    for (let round = 0; round < 400; round += 1) {
      for (const index of this.members.keys()) {
        this.connect(index)
        this.subscribeLate(index)
        this.resume(index)
      }
      await settle(6)
      advance(1_500)
      if (round >= 3 && this.#publishing.size === 0 && this.#isQuiet()) {
        await settle(6)
        if (this.#isQuiet()) break
      }
    }
    await settle(20)
  }

  /** Drops everything. */
  async dispose(): Promise<void> {
    for (const { client } of this.members) client?.cut(0)
    await settle()
    await this.#sse.close()
    for (const channel of this.channels.values()) channel.close()
  }

  /** Nobody is behind. */
  #isQuiet(): boolean {
    for (const channel of this.channels.values()) if (channel.stats().behindCount > 0) return false
    return this.members.every(({ client }) => client !== null && !client.isOver)
  }

  #subscribe(member: Member, stream: EventStream): void {
    const { plan, connection } = member
    if (connection === null) return
    const open = ([name, topics]: Plan['channels'][number]) => {
      if (stream.closed !== null) return
      const snapshot = async function* () {
        for (const part of [1, 2, 3]) {
          await settle(1)
          yield { event: 'state', data: `part ${part}` }
        }
      }
      const isWanted = ({ data }: { data: unknown }) => Number(Reflect.get(Object(data), 'n')) % 3 !== 0
      const keyOf = ({ data }: { data: unknown }) => Reflect.get(Object(data), 'key')
      connection.subscribe(name, {
        topics,
        from: plan.from,
        snapshot: plan.hasSnapshot,
        ...(plan.coalesces ? { coalesce: keyOf } : {}),
        ...(plan.filters ? { hears: isWanted } : {}),
      })
      const subscription = stream.subscribe(this.#channel(name), {
        topics,
        from: plan.from,
        ...(plan.hasSnapshot ? { snapshot } : {}),
        ...(plan.coalesces ? { coalesce: keyOf } : {}),
        ...(plan.filters ? { filter: isWanted } : {}),
      })
      member.subscriptions.set(name, subscription)
    }
    const late = plan.isLastLate && plan.channels.length > 1 ? plan.channels.at(-1) : undefined
    for (const channel of plan.channels) if (channel !== late) open(channel)
    member.subscribeLate = late === undefined ? null : () => open(late)
  }

  #note(name: string, id: string): void {
    // The wire's own format, which section 5 of the design fixes: <tag>.<epoch>-<offset>-<check>.
    const [, digits = '', check = ''] = id.split('-')
    void name
    const offsets = this.#offsets.get(check) ?? new Map()
    offsets.set(Number.parseInt(digits, 36), id)
    this.#offsets.set(check, offsets)
  }

  #member(index: number): Member {
    const member = this.members[index % this.members.length]
    if (member === undefined) throw new RangeError(`There is no client ${index}.`)
    return member
  }

  #channel(name: string): Channel {
    const channel = this.channels.get(name)
    if (channel === undefined) throw new RangeError(`There is no channel ${name}.`)
    return channel
  }
}
