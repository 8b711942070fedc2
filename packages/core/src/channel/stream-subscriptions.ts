import type { Position } from '../log/event-log.ts'
import type { RingEntry } from '../log/ring-entry.ts'
import { Frame } from '../sink/frame.ts'
import type { OpenStream } from '../stream/open-stream.ts'
import type { StreamFeed } from '../stream/stream-host.ts'
import { encodeChannelEnd, encodeCursor } from '../wire/control-event.ts'
import { type Cursor, formatCursor, joinCursors, maxCursors, parseCursors } from '../wire/cursor.ts'
import type { CursorSeal } from '../wire/cursor-seal.ts'
import { encodeId } from '../wire/encode-event.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { type Deliverable, fanOut } from './fan-out.ts'

/** What no log knows: whoever brings it back is told of a gap. */
const unknownPosition: Position = { epoch: '0', offset: 0, check: '1' }

/** A channel, as far as a stream's ids need to know it. */
export interface FeedChannel {
  readonly name: string
  readonly tag: string
}

/** What a stream needs of its subscriptions. */
export interface FeedMember extends Deliverable {
  readonly hub: FeedChannel
  readonly isBehind: boolean
  /** Has a position of its own, which ids carry; before, the client's stands. */
  readonly isPlaced: boolean
  /** Its client does not know how far it is settled. */
  readonly isUnannounced: boolean
  readonly settled: Position
  readonly position: string
  readonly cursor: Cursor
  /** Notes the position in the last id that was written to the client. */
  announce(position: Position): void
  /** Its ids are the channel's own from now on, so that all such streams can share its bytes; or they no longer are. */
  idsChanged(arePlain: boolean): void
  close(): void
}

/** The subscriptions of one stream, and the one id that carries a cursor for each. */
export class StreamSubscriptions implements StreamFeed {
  readonly stream: OpenStream
  readonly #seal: CursorSeal | null
  readonly #subscriptions: FeedMember[] = []
  /** Cursors that the client brought and no subscription has claimed: they go back to it in every id. */
  #carried: readonly Cursor[]
  /** The client brought an id that is none of ours: every subscription owes it a `$gap`. */
  readonly #isUnreadable: boolean

  constructor(stream: OpenStream) {
    this.stream = stream
    this.#seal = stream.options.cursorSecret
    const { lastEventId } = stream
    const opened = lastEventId === null || this.#seal === null ? lastEventId : this.#seal.open(lastEventId)
    const cursors = opened === null ? null : parseCursors(opened)
    this.#isUnreadable = lastEventId !== null && cursors === null
    this.#carried = cursors ?? []
  }

  get hidesPositions(): boolean {
    return this.#seal !== null
  }

  get hasSubscriptions(): boolean {
    return this.#subscriptions.length > 0
  }

  get cursor(): string {
    return this.#id(null, '')
  }

  /**
   * Takes one more subscription, made only if there is a place for it.
   *
   * @throws SseError `ERR_SSE_CHANNEL_LIMIT`, `ERR_SSE_CHANNEL`
   */
  subscribe<Member extends FeedMember>(make: (feed: this) => Member, { name, tag }: FeedChannel): Member {
    if (this.#subscriptions.some(({ hub }) => hub.tag === tag)) {
      throw new SseError(
        'ERR_SSE_CHANNEL',
        `The stream is subscribed to channel ${show(name)} already: give one subscription all the topics.`,
        { value: name },
      )
    }
    if (this.#subscriptions.length === maxCursors) {
      throw new SseError(
        'ERR_SSE_CHANNEL_LIMIT',
        `A stream takes at most ${maxCursors} channels; ${show(name)} would be one more.`,
        {
          value: name,
        },
      )
    }
    const subscription = make(this)
    this.#subscriptions.push(subscription)
    this.#idsChanged()
    return subscription
  }

  /** Where the client says it is in a channel; `unreadable` where nobody can tell; `null` for nowhere yet. */
  claimed(tag: string): Cursor | 'unreadable' | null {
    return this.#isUnreadable ? 'unreadable' : (this.#carried.find((cursor) => cursor.tag === tag) ?? null)
  }

  /** The subscription's own position stands for the channel from now on. */
  release(tag: string): void {
    this.#carried = this.#carried.filter((cursor) => cursor.tag !== tag)
    this.#idsChanged()
  }

  /** The id of a block of one subscription, whose channel stands at `ownId`; the others stand where they are. */
  idWith(subscription: FeedMember, ownId: string): string {
    return this.#id(subscription, ownId)
  }

  /** The bytes of some events with this stream's own ids in front. */
  frameOf(subscription: FeedMember, entries: readonly RingEntry[]): Frame | null {
    if (entries.length === 0) return null
    const parts: Buffer[] = []
    let length = 0
    for (const entry of entries) {
      const idLine = Buffer.from(encodeId(this.#id(subscription, entry.id)), 'latin1')
      parts.push(idLine, entry.body)
      length += idLine.length + entry.body.length
    }
    return Frame.fromParts(parts, length)
  }

  /** An id was written that carries the position of every subscription but `subscription`, which notes its own. */
  announceOthers(subscription: FeedMember): void {
    for (const other of this.#subscriptions) if (other !== subscription) other.announce(other.settled)
  }

  cursorFrame(): Frame | null {
    if (!this.#subscriptions.some(({ isUnannounced }) => isUnannounced)) return null
    for (const subscription of this.#subscriptions) subscription.announce(subscription.settled)
    return Frame.fromText(encodeCursor(this.cursor))
  }

  onDrain(): void {
    for (const subscription of this.#subscriptions) if (subscription.isBehind) fanOut.enqueue(subscription)
  }

  onStreamClose(): void {
    for (const subscription of [...this.#subscriptions]) subscription.close()
  }

  /** The channel was ended and everything before is sent. */
  finish(subscription: FeedMember): void {
    if (this.#subscriptions.length === 1) {
      this.stream.end()
      return
    }
    // Still carried, so that a client that comes back is not given the channel's history anew.
    const ended = subscription.cursor
    this.stream.writeFrame(Frame.fromText(encodeChannelEnd(this.cursor, subscription.hub.name)), 1)
    subscription.close()
    this.#carried = [...this.#carried, ended]
    this.#idsChanged()
  }

  remove(subscription: FeedMember): void {
    const index = this.#subscriptions.indexOf(subscription)
    if (index === -1) return
    this.#subscriptions.splice(index, 1)
    this.#idsChanged()
  }

  /** Told and not asked for: it is looked at for each delivery, and changes with a subscription only. */
  #idsChanged(): void {
    const arePlain = this.#subscriptions.length === 1 && this.#carried.length === 0 && this.#seal === null
    for (const subscription of this.#subscriptions) subscription.idsChanged(arePlain)
  }

  #id(own: FeedMember | null, ownId: string): string {
    const ids: string[] = []
    for (const subscription of this.#subscriptions) {
      if (subscription === own) ids.push(ownId)
      else if (subscription.isPlaced) ids.push(subscription.position)
      // Cut off now, its client would bring nothing for this channel, and its `$gap` be owed no more.
      else if (this.#isUnreadable) ids.push(formatCursor(subscription.hub.tag, unknownPosition))
    }
    for (const cursor of this.#carried) {
      // A subscription that is still opening has its cursor here.
      if (ids.length < maxCursors && cursor.tag !== own?.hub.tag) ids.push(formatCursor(cursor.tag, cursor))
    }
    const id = joinCursors(ids)
    return id === '' || this.#seal === null ? id : this.#seal.seal(id)
  }
}
