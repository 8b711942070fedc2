import { setMaxListeners } from 'node:events'
import type { EventLog, Position, ReadResult, StoredEntry, TailHandlers } from '../log/event-log.ts'
import { backOff } from '../log/kit/back-off.ts'
import type { ResolvedRetention } from '../log/retention.ts'
import { Ring } from '../log/ring.ts'
import type { OpenStream } from '../stream/open-stream.ts'
import type { PayloadRules } from '../wire/event-check.ts'
import { type Abortable, abortableOf, unlessAborted } from './abortable.ts'
import { watchDelivery } from './delivery-watch.ts'
import {
  delivered,
  type LogErrorMessage,
  type LogReconnectMessage,
  logFailed,
  logReconnected,
} from './diagnostics.ts'
import { type Deliverable, fanOut } from './fan-out.ts'
import { interrupted, recovered } from './interruptions.ts'
import type { PageRead, ReadBounds } from './page-shelf.ts'
import { PatientReader } from './patient-reader.ts'
import { type IndexedMember, TopicIndex } from './topic-index.ts'
import type { TopicSet } from './topic-set.ts'

/** Waits as after some failures (1.6 s at most): a tail that ends has tried by itself before. */
const tailAttempt = 5
const recheckAttempt = 2

/** What a hub needs of its subscriptions. */
export interface HubMember extends IndexedMember, Deliverable {
  readonly stream: OpenStream
  readonly isLive: boolean
  /** Everything up to here is settled for it. */
  readonly settled: Position
  /** The history changed under it, which had come to `head`. */
  reopen(head: Position): void
}

/** What a hub needs to know of its channel. */
export interface HubParts {
  /** Held for as long as the hub has subscriptions, so that the channel of that name stays the same one. */
  readonly channel: { readonly name: string; readonly log: EventLog }
  readonly tag: string
  readonly retention: ResolvedRetention
  /** What the channel's payloads have to be. */
  readonly payloads: PayloadRules
  /** Sets the log's retention, once. */
  configure(): Promise<void>
}

/**
 * The reading half of a channel in this process: one ring and one tail for all its subscriptions, there only while there are
 * some, and the index by topic that says whom a new entry concerns.
 */
export class Hub implements TailHandlers {
  readonly name: string
  readonly tag: string
  /** Counts the resets: what was found out before one may not hold after it. */
  generation = 0
  /** Nothing more will come: the newest entry is the mark of the end, or stood behind it. */
  isEnded = false
  readonly #parts: HubParts
  readonly #reader: PatientReader
  readonly #index = new TopicIndex<HubMember>()
  /** Members that know of more than the tail has brought: from the log, or from another node. */
  readonly #ahead = new Set<HubMember>()
  #subscriberCount = 0
  #first = 1
  #ring: Ring | null = null
  #starting: Promise<Ring> | null = null
  /** Aborted when the last subscription goes. */
  #stopping = stopper()
  /** Aborted when the tail has to begin anew. */
  #tailing = new AbortController()
  #checking: Promise<void> | null = null

  constructor(parts: HubParts) {
    this.#parts = parts
    this.name = parts.channel.name
    this.tag = parts.tag
    this.#reader = new PatientReader({
      log: parts.channel.log,
      channel: parts.channel.name,
      tag: parts.tag,
      onError: (error) => this.error(error),
      onRecovered: () => this.recovered(),
    })
  }

  /** The newest entries; `null` before the first subscription has started it, and after the last has gone. */
  get ring(): Ring | null {
    return this.#ring
  }

  /** Offset of the oldest entry that can be replayed, as far as was last heard and retention allows. */
  get first(): number {
    const head = this.#ring?.head ?? 0
    return Math.max(this.#first, head - this.#parts.retention.maxEvents + 1)
  }

  get payloads(): PayloadRules {
    return this.#parts.payloads
  }

  get subscriberCount(): number {
    return this.#subscriberCount
  }

  subscriptions(): Iterable<HubMember> {
    return this.#index.members()
  }

  /** Puts a subscription where the entries of its topics find it. */
  add(subscription: HubMember, topics: readonly string[] | null): TopicSet<HubMember> {
    this.#subscriberCount += 1
    return this.#index.enter(subscription, topics)
  }

  /** Moves a subscription to other topics. */
  move(
    subscription: HubMember,
    from: TopicSet<HubMember>,
    topics: readonly string[] | null,
  ): TopicSet<HubMember> {
    this.#index.leave(subscription, from)
    return this.#index.enter(subscription, topics)
  }

  /** Takes a subscription out; the last one stops the tail and frees the ring. */
  remove(subscription: HubMember, set: TopicSet<HubMember>): void {
    this.#index.leave(subscription, set)
    this.#ahead.delete(subscription)
    this.#subscriberCount -= 1
    if (this.#subscriberCount === 0) this.#stop()
  }

  /** Serves a subscription again once the tail has brought what it knows of already. */
  awaitTail(subscription: HubMember): void {
    this.#ahead.add(subscription)
  }

  /** The ring, started if need be. Waits for as long as the log fails. Rejects only with the reason of the caller. */
  start(asker: Abortable): Promise<Ring> {
    if (this.#ring !== null) return Promise.resolve(this.#ring)
    this.#starting ??= this.#start(this.#stopping.signal)
    return unlessAborted(this.#starting, asker)
  }

  /** Reads a page, trying again while the log fails. Rejects only with the caller's reason. */
  async readPage(after: Position | 'start', asker: Abortable): Promise<PageRead> {
    const read = await this.#reader.page(after, asker, this.#stopping.signal)
    this.#note(read.bounds)
    if (this.#ring !== null) read.page.clip(this.#ring.base)
    return read
  }

  /** Asks the log for its bounds and its newest position, trying again while it fails. Rejects only with the caller's reason. */
  readBounds(asker: Abortable): Promise<ReadResult> {
    return this.#reader.bounds('head', asker)
  }

  entries(entries: readonly StoredEntry[]): void {
    const ring = this.#ring
    if (ring === null) return
    this.recovered()
    for (const entry of entries) {
      // Logs promise density; one that broke it must not make a hole or a duplicate here.
      if (entry.offset === ring.head + 1) {
        this.#append(ring, entry)
      } else if (entry.offset > ring.head || (ring.get(entry.offset)?.entry ?? entry).check !== entry.check) {
        this.error(
          new RangeError(`The log gave entry ${entry.offset} after ${ring.head} of channel "${this.name}".`),
        )
        this.recheck(abortableOf(this.#stopping.signal)).catch(ignoreStop)
        return
      }
    }
    if (delivered.hasSubscribers) watchDelivery(this.name, entries)
  }

  reset(after: Position): void {
    const ring = this.#ring
    if (ring === null) return
    this.#ring = new Ring(after, this.tag, this.#parts.retention)
    this.#first = after.offset + 1
    this.isEnded = false
    this.#reader.forget()
    this.#ahead.clear()
    this.generation += 1
    for (const subscription of this.subscriptions()) subscription.reopen(ring.headPosition)
  }

  /** Whether a position that the log knows goes with what the tail has brought. */
  agreesWith(position: Position): boolean {
    const ring = this.#ring
    if (ring === null || ring.epoch !== position.epoch) return ring === null
    return position.offset < ring.base || position.offset > ring.head || ring.has(position)
  }

  /**
   * The log and its tail contradict each other, as they may while a history is being lost: follows anew, from the newest entry
   * if the log still has it, else from the history that there is now. Rejects only with the reason of the caller.
   */
  recheck(asker: Abortable): Promise<void> {
    this.#checking ??= this.#recheck(this.#stopping.signal)
    return unlessAborted(this.#checking, asker)
  }

  error(error: unknown): void {
    if (this.#subscriberCount > 0) interrupted(this)
    if (logFailed.hasSubscribers) logFailed.publish({ channel: this.name, error } satisfies LogErrorMessage)
  }

  recovered(): void {
    const downMs = recovered(this)
    if (downMs !== null && logReconnected.hasSubscribers)
      logReconnected.publish({ channel: this.name, downMs } satisfies LogReconnectMessage)
  }

  #append(ring: Ring, entry: StoredEntry): void {
    const before = ring.headPosition
    ring.push(entry)
    if (entry.kind === 'end') this.isEnded = true
    this.#index.wake(entry, before, ring)
    for (const subscription of this.#ahead) {
      if (subscription.settled.offset > ring.head) continue
      this.#ahead.delete(subscription)
      fanOut.enqueue(subscription)
    }
  }

  async #start(signal: AbortSignal): Promise<Ring> {
    const asker = abortableOf(signal)
    await this.#reader.insist(asker, () => this.#parts.configure())
    const result = await this.#reader.bounds('head', asker)
    signal.throwIfAborted()
    this.#note(result)
    const { after, ended } = result
    const ring = new Ring(after, this.tag, this.#parts.retention)
    this.#ring = ring
    this.isEnded = ended
    this.#follow(after)
    return ring
  }

  #follow(after: Position): void {
    this.#tailing = new AbortController()
    const { signal } = this.#tailing
    this.#parts.channel.log
      .tail(this.name, { after, signal }, this)
      .catch((error: unknown) => {
        if (!signal.aborted) this.error(error)
      })
      // A tail that ended by itself, whatever the log meant by it, leaves subscriptions behind.
      .then(() => backOff(tailAttempt, signal))
      .then(() => this.#reader.bounds('head', abortableOf(signal)))
      .then(() => {
        // The next tail knows nothing of this one's failure.
        this.recovered()
        if (this.#ring !== null) this.#follow(this.#ring.headPosition)
      })
      .catch(ignoreStop)
  }

  async #recheck(signal: AbortSignal): Promise<void> {
    this.#tailing.abort()
    // A log that goes on contradicting itself must not keep the process busy.
    await backOff(recheckAttempt, signal)
    const after = this.#ring?.headPosition ?? 'head'
    const result = await this.#reader.bounds(after, abortableOf(signal))
    signal.throwIfAborted()
    this.#checking = null
    if (result.invalid !== undefined) this.reset(result.after)
    if (this.#ring !== null) this.#follow(this.#ring.headPosition)
  }

  #stop(): void {
    this.#stopping.abort()
    this.#stopping = stopper()
    this.#tailing.abort()
    this.#checking = null
    this.#ring = null
    this.#starting = null
    this.#reader.forget()
    recovered(this)
  }

  #note({ first, head, epoch, ended }: ReadBounds): void {
    this.recovered()
    this.#first = first
    // The mark itself may be trimmed, so that no tail will bring it.
    if (ended && this.#ring?.epoch === epoch && this.#ring.head === head) this.isEnded = true
  }
}

function ignoreStop(): void {}

/** What stops everything that waits for the log, one read for each subscription that opens or is behind: no leak, however many. */
function stopper(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
