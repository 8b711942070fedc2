import type { Position } from '../log/event-log.ts'
import type { EntrySource, Ring } from '../log/ring.ts'
import type { OpenStream } from '../stream/open-stream.ts'
import { type Cursor, formatCursor } from '../wire/cursor.ts'
import type { Abortable } from './abortable.ts'
import type { Withheld } from './beginning.ts'
import { becameSlow, replayed } from './diagnostics.ts'
import { fanOut, type Outcome } from './fan-out.ts'
import type { Hub, HubMember } from './hub.ts'
import { LogWaits } from './log-waits.ts'
import { type OpeningSubscription, openSubscription } from './opening.ts'
import type { Page } from './page.ts'
import type { PageRead } from './page-shelf.ts'
import type { Range } from './range.ts'
import { Selection } from './selection.ts'
import type { StreamSubscriptions } from './stream-subscriptions.ts'
import type {
  Subscription as PublicSubscription,
  ResolvedSubscribeOptions,
  Start,
  SubscriptionReady,
} from './subscribe-options.ts'
import { SubscriptionWatch } from './subscription-watch.ts'
import type { TopicSet } from './topic-set.ts'
import { checkTopics } from './topics.ts'

/**
 * - `opening`: finds out where it begins; writes `$gap`, snapshot and `$ready`.
 * - `live`: everything up to the head is settled, or will be soon: its topic set serves it with the next entries that concern it.
 * - `behind`: it goes on by itself: it is in the fan-out's queue, or waits for its socket or for a page.
 * - `closed`
 */
type State = 'opening' | 'live' | 'behind' | 'closed'

const nowhere: Position = { epoch: '', offset: 0, check: '' }

/** One stream's cursor in one channel. `#become` alone changes its state. */
export class Subscription implements PublicSubscription, OpeningSubscription, HubMember {
  // What a delivery looks at comes first: fields lie in memory in this order.
  isQueued = false
  #state: State = 'opening'
  /** Everything up to here is settled for this client. While it is live: where it was when that began. */
  #position: Position = nowhere
  #topicSet: TopicSet<HubMember>
  #begin: (() => void) | null = null
  #isReading = false
  readonly hub: Hub
  readonly stream: OpenStream
  /** It gets the bytes that are made for all who listen to its topics. */
  #isShared = false
  /** Offset of the position in the last id that was written to the client; what it gets while it is live not counted. */
  #announced = nowhere.offset
  #page: Page | null = null
  #waits: LogWaits | null = null
  /** What diagnostics want to know of it, where somebody listens. */
  #watch: SubscriptionWatch | null = null

  readonly feed: StreamSubscriptions
  readonly options: ResolvedSubscribeOptions
  /** Its ids are the channel's own. */
  #idsArePlain = false
  memberIndex = 0
  liveIndex = 0
  readonly #selection: Selection
  #ready: SubscriptionReady | null = null
  #readyPromise: Promise<SubscriptionReady> | undefined
  #resolveReady: ((ready: SubscriptionReady) => void) | undefined

  constructor(hub: Hub, feed: StreamSubscriptions, options: ResolvedSubscribeOptions) {
    this.hub = hub
    this.feed = feed
    this.stream = feed.stream
    this.options = options
    this.#selection = new Selection(options)
    this.#topicSet = hub.add(this, options.topics)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get isLive(): boolean {
    return this.#state === 'live' && this.#topicSet.live.positionOf(this) === null
  }

  get isBehind(): boolean {
    return this.#state === 'behind'
  }

  /** Has a position of its own, which ids carry; before, the client's stands. */
  get isPlaced(): boolean {
    return this.#position !== nowhere
  }

  /** Its client does not know how far it is settled. */
  get isUnannounced(): boolean {
    return this.#state !== 'opening' && this.settled.offset !== this.#announcedOffset
  }

  get #announcedOffset(): number {
    const sent = this.#state === 'live' ? this.#topicSet.live.sentTo(this) : 0
    return sent > this.#position.offset ? Math.max(sent, this.#announced) : this.#announced
  }

  get hearsEverything(): boolean {
    return this.#topicSet.topics === null && this.#selection.isEmpty
  }

  /** Everything up to here is settled: sent, or not meant for this client. */
  get settled(): Position {
    if (this.#state !== 'live') return this.#position
    return this.#topicSet.live.positionOf(this) ?? this.hub.ring?.headPosition ?? this.#position
  }

  get position(): string {
    return this.isPlaced ? formatCursor(this.hub.tag, this.settled) : ''
  }

  get cursor(): Cursor {
    return { tag: this.hub.tag, ...this.settled }
  }

  get ready(): Promise<SubscriptionReady> {
    this.#readyPromise ??= new Promise((resolve) => {
      if (this.#ready === null) this.#resolveReady = resolve
      else resolve(this.#ready)
    })
    return this.#readyPromise
  }

  /** Begins: at what the client brought, else at `options.from`. */
  open(start: Start, isClaimed: boolean): void {
    openSubscription(this, { start, isClaimed, isFirst: true })
  }

  /**
   * The history changed under it, or was trimmed before it was served: it finds out where to go on.
   *
   * @param head Where the history had come to: that is where it stands if it is live.
   */
  reopen(head: Position): void {
    if (this.#state !== 'live' && this.#state !== 'behind') return
    const isLive = this.#state === 'live'
    this.#page = null
    this.#become('opening', isLive ? (this.#topicSet.live.positionOf(this) ?? head) : this.#position)
    openSubscription(this, { start: this.#position, isClaimed: true, isFirst: false })
  }

  beginInTurn(begin: () => void): void {
    this.#begin = begin
    fanOut.enqueue(this)
  }

  /** Opened, or found to be where it was: everything after `position` follows. */
  opened(position: Position, page: Page | null): void {
    this.#page = page
    this.#become('behind', position)
    if (replayed.hasSubscribers || becameSlow.hasSubscribers) {
      this.#watch = new SubscriptionWatch(this.stream, this.hub.name, position)
    }
    fanOut.enqueue(this)
  }

  whileOpen<T>(work: (asker: Abortable) => Promise<T>): Promise<T | null> {
    if (this.#state === 'closed') return Promise.resolve(null)
    this.#waits ??= new LogWaits()
    return this.#waits.wait(work)
  }

  settleReady(ready: SubscriptionReady): void {
    if (this.#ready !== null) return
    this.#ready = ready
    this.#resolveReady?.(ready)
  }

  announce(position: Position): void {
    this.#announced = position.offset
  }

  withhold(through: Withheld | null): void {
    if (through === this.#selection.withheldThrough) return
    this.#selection.withheldThrough = through
    this.#share()
  }

  idsChanged(arePlain: boolean): void {
    this.#idsArePlain = arePlain
    this.#share()
  }

  #share(): void {
    const isShared = this.#idsArePlain && this.#selection.isEmpty
    if (this.#isShared === isShared) return
    this.#isShared = isShared
    this.wake(this.settled)
  }

  wake(before: Position): void {
    if (this.#state === 'live') this.fallBehind(this.#topicSet.live.positionOf(this) ?? before)
  }

  fallBehind(position: Position): void {
    this.#become('behind', position)
    fanOut.enqueue(this)
  }

  deliver(): Outcome {
    if (this.#begin === null) return this.#deliver()
    const begin = this.#begin
    this.#begin = null
    return this.stream.together(() => {
      if (this.#state === 'opening') begin()
      return this.#deliver()
    })
  }

  #deliver(): Outcome {
    const { ring } = this.hub
    if (this.#state !== 'behind' || this.#isReading || ring === null) return 'done'
    if (this.stream.isBehind) {
      const behind = ring.head - this.#position.offset
      if (behind > 0) this.#watch?.slow(behind)
      return 'done'
    }
    const source = this.#source(ring)
    if (source === null) return 'done'
    this.#writeFrom(source)
    // Closed by the write, or by its own filter.
    if (this.#state !== 'behind') return 'done'
    // What a page has come to is compared with the ring before it counts as the head.
    if (this.#position.offset < ring.head || source !== ring) return this.stream.isBehind ? 'done' : 'more'
    this.#page = null
    this.#watch?.caughtUp(this.#position)
    if (this.hub.isEnded) this.feed.finish(this)
    else this.#become('live')
    return 'done'
  }

  setTopics(topics: readonly string[] | undefined): void {
    const checked = topics === undefined ? null : checkTopics(topics)
    if (this.#state === 'closed') return
    this.wake(this.settled)
    this.#topicSet = this.hub.move(this, this.#topicSet, checked)
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#become('closed', this.settled)
    this.#page = null
    this.hub.remove(this, this.#topicSet)
    this.feed.remove(this)
    this.#waits?.giveUp()
    this.settleReady({ resumed: false })
  }

  #become(state: State, position = this.#position): void {
    if (this.#state === 'live') {
      this.#announced = this.#announcedOffset
      this.#topicSet.live.remove(this)
    }
    this.#position = position
    this.#state = state
    if (state === 'live') this.#topicSet.live.add(this, this.#isShared)
  }

  /** Where the next entries are: in the ring or in the page at hand; else `null`, and it is served again when they are there. */
  #source(ring: Ring): EntrySource | null {
    const { offset } = this.#position
    if (offset > ring.head) {
      this.hub.awaitTail(this)
      return null
    }
    if (offset >= ring.base) {
      if (ring.has(this.#position)) return ring
      this.reopen(this.#position)
      return null
    }
    if (this.#page !== null && offset < this.#page.head) return this.#page
    void this.#readPage()
    return null
  }

  #writeFrom(source: EntrySource): void {
    if (this.#isShared) {
      this.#writeShared(source)
      return
    }
    const range = this.#ownRange(source)
    // Its own code may have closed it meanwhile.
    if (range === null || this.#state !== 'behind') return
    const frame = this.feed.frameOf(this, range.entries)
    this.#settle(range.through, range.entries.at(-1)?.position)
    if (frame === null) return
    this.feed.announceOthers(this)
    this.stream.writeFrame(frame, range.entries.length)
  }

  #writeShared(source: EntrySource): void {
    const { frame, eventCount, through, last } = this.#topicSet.sharedRange(source, this.#position)
    this.#settle(through, last)
    if (frame !== null) this.stream.writeFrame(frame, eventCount)
  }

  #settle(through: Position, lastSent: Position | undefined): void {
    this.#position = through
    if (lastSent !== undefined) this.#announced = lastSent.offset
  }

  /** What this subscription alone gets; `null` where its own code failed, which closes the stream. */
  #ownRange(source: EntrySource): Range | null {
    try {
      return this.#selection.rangeOf(source, this.#position, this.#topicSet.accepts)
    } catch (error) {
      this.stream.failWith(error)
      return null
    }
  }

  async #readPage(): Promise<void> {
    this.#isReading = true
    const after = this.#position
    const { generation } = this.hub
    const read = await this.whileOpen((asker) => this.#readAfter(after, asker))
    this.#isReading = false
    if (read === null || this.#state !== 'behind') return
    // It may have been opened anew meanwhile, at another position: then it looks for itself.
    if (this.#position === after && this.hub.generation === generation) {
      if (read.bounds.invalid !== undefined) {
        this.reopen(after)
        return
      }
      this.#page = read.page
    }
    fanOut.enqueue(this)
  }

  async #readAfter(after: Position, asker: Abortable): Promise<PageRead> {
    const { hub } = this
    const { generation } = hub
    const read = await hub.readPage(after, asker)
    const isEmpty = read.bounds.invalid === undefined && read.page.head <= after.offset
    // The tail has brought more than the log says it has: asked again at once, it would say the same.
    if (isEmpty && hub.generation === generation) await hub.recheck(asker)
    return read
  }
}
