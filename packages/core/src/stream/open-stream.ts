import { Frame } from '../sink/frame.ts'
import type { Sink, StreamRequest, StreamResponse } from '../sink/sink.ts'
import { encodeEnd } from '../wire/control-event.ts'
import { type EventFields, encodeComment, encodeRetry } from '../wire/encode-event.ts'
import { encodeChecked } from '../wire/event-check.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { type CloseListener, CloseWatchers, followSignal, tell } from './close-watchers.ts'
import {
  type StreamCloseMessage,
  type StreamErrorMessage,
  streamClosed,
  streamFailed,
} from './diagnostics.ts'
import type { CloseReason, EventStream, PipeSource, Subscribable } from './event-stream.ts'
import { pipe } from './pipe.ts'
import { type ClockedStream, StreamClock } from './stream-clock.ts'
import { isAbort, type StreamFeed, type StreamHost } from './stream-host.ts'
import type { ResolvedStreamOptions } from './stream-options.ts'

const heartbeat = Frame.fromText(':\n\n')
// Streams without a channel have no cursor to go in front of the ending.
const endWithoutCursor = Frame.fromText(encodeEnd(''))

/** What a stream is made from. */
export interface OpenStreamParts {
  readonly request: StreamRequest
  readonly response: StreamResponse
  readonly sink: Sink
  readonly options: ResolvedStreamOptions
  readonly lastEventId: string | null
  readonly host: StreamHost<OpenStream>
}

/**
 * The stream behind `EventStream`. `closed` is its state, changed in `#shut` alone.
 */
export class OpenStream implements EventStream, ClockedStream {
  // What a delivery looks at comes first: fields lie in memory in this order, and these fit one line of the processor's cache.
  #closed: CloseReason | null = null
  readonly #sink: Sink
  /** The last write filled the buffer and no `drain` has come since. */
  #isBehind = false
  wroteAt = 0
  #eventCount = 0
  #byteCount = 0

  readonly lastEventId: string | null
  readonly options: ResolvedStreamOptions
  readonly request: StreamRequest
  readonly response: StreamResponse
  context: unknown
  /** Who feeds this stream from channels; set by the channel layer. */
  feed: StreamFeed | null = null
  /** Neighbours in the list of the application's streams. */
  older: this | null = null
  newer: this | null = null

  readonly #host: StreamHost<OpenStream>
  readonly #clock: StreamClock
  #wasBehind = false
  readonly #watchers = new CloseWatchers()
  #drainWaiters: ((isOpen: boolean) => void)[] | undefined

  constructor(parts: OpenStreamParts) {
    this.#sink = parts.sink
    this.#host = parts.host
    this.options = parts.options
    this.request = parts.request
    this.response = parts.response
    this.lastEventId = parts.lastEventId
    this.context = parts.options.context
    this.#clock = new StreamClock(this, parts.options)
  }

  /** Writes the first bytes, which carry the head with them, and starts the clocks. */
  start(): void {
    const retryMs = this.#clock.retryMs
    const block = retryMs === false ? ':\n\n' : encodeRetry(retryMs)
    const now = performance.now()
    this.#wrote(block.length, 0, this.#sink.begin(block), now)
    this.#clock.start(now)
  }

  /** Heeds the option `signal` from now on. */
  followSignal(): void {
    const { signal } = this.options
    if (signal !== undefined) followSignal(signal, () => this.close(), this.#watchers)
  }

  get closed(): CloseReason | null {
    return this.#closed
  }

  get bufferedBytes(): number {
    return this.#closed === null ? this.#sink.bufferedBytes : 0
  }

  get eventCount(): number {
    return this.#eventCount
  }

  get byteCount(): number {
    return this.#byteCount
  }

  /** Nothing more should be written until `drain`. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  get signal(): AbortSignal {
    return this.#watchers.signal(this.#closed)
  }

  send(event: EventFields): boolean {
    const block = encodeChecked(event, this.options)
    if (event.id !== undefined && this.#isSubscribed) {
      throw new SseError(
        'ERR_SSE_ID',
        `A stream with a subscription has the channel's ids: send the event without the id ${show(event.id)}.`,
        { value: event.id },
      )
    }
    return this.#sendDirect(block, 1)
  }

  comment(text: string): boolean {
    return this.#sendDirect(encodeComment(text), 0)
  }

  drained(): Promise<boolean> {
    if (this.#closed !== null) return Promise.resolve(false)
    if (!this.#isBehind) return Promise.resolve(true)
    return new Promise((resolve) => {
      this.#drainWaiters ??= []
      this.#drainWaiters.push(resolve)
    })
  }

  pipe<T>(source: PipeSource<T>, map?: (item: T) => EventFields): Promise<boolean> {
    return pipe(this, source, map ?? ((item) => ({ data: item })))
  }

  subscribe<Options, Result>(channel: Subscribable<Options, Result>, options?: Options): Result {
    return channel.attach(this, options)
  }

  close(): void {
    this.hangUp('server')
  }

  end(): void {
    if (this.#closed !== null) return
    const cursor = this.feed?.cursor ?? ''
    this.#write(cursor === '' ? endWithoutCursor : Frame.fromText(encodeEnd(cursor)), 1)
    this.#shut('end')
  }

  onClose(listener: CloseListener): () => void {
    if (this.#closed === null) return this.#watchers.add(listener)
    tell(listener, this.#closed, (error) => this.#report(error))
    return () => {}
  }

  /**
   * Hangs up for a reason of ours: the client will come back. It is told when, if that is given, and where it is, if that changed
   * without an event, so that it does not come back stale.
   */
  hangUp(reason: CloseReason, retryMs?: number): void {
    if (this.#closed !== null) return
    if (!this.#isBehind) {
      if (retryMs !== undefined) this.#write(Frame.fromText(encodeRetry(retryMs)), 0)
      const cursor = this.feed?.cursorFrame() ?? null
      if (cursor !== null) this.#write(cursor, 0)
    }
    this.#shut(reason)
  }

  /** Closes the stream behind an error that somebody else reports. */
  fail(error: unknown): void {
    if (streamFailed.hasSubscribers)
      streamFailed.publish({ stream: this, error } satisfies StreamErrorMessage)
    this.#shut('error')
  }

  /** Closes the stream behind an error that nobody else reports. */
  failWith(error: unknown): void {
    this.fail(error)
    this.#report(error)
  }

  /** Runs a handler for this stream: its end ends the stream, its error closes and reports it. */
  async run(handler: (stream: EventStream) => unknown): Promise<void> {
    try {
      await handler(this)
    } catch (error) {
      // Work that was aborted because this stream closed did what it was told to.
      if (this.#closed !== null && isAbort(error)) return
      this.failWith(error)
      return
    }
    if (!this.#isSubscribed) this.end()
  }

  /** Looks at what `writeFrame` will look at, so that the processor has it at hand. The number means nothing. */
  touch(): number {
    return this.#closed === null ? this.#sink.touch() : 0
  }

  /**
   * Writes a frame of the channel layer. `false`: behind from now on, or closed.
   *
   * @param now What `performance.now()` says, where the caller knows.
   */
  writeFrame(frame: Frame, eventCount: number, now?: number): boolean {
    if (this.#closed === null && this.#sink.writeAtOnce(frame))
      return this.#wrote(frame.size, eventCount, true, now)
    return this.#write(frame, eventCount)
  }

  /** Runs what writes several frames, which leave in one write. */
  together<T>(write: () => T): T {
    this.#sink.hold()
    try {
      return write()
    } finally {
      this.#sink.release()
    }
  }

  beat(isSilent: boolean): void {
    if (this.#isBehind || this.#sink.bufferedBytes > 0) return
    // Also where others keep it from being silent: what they send directly does not tell the client where it is in its channels.
    const frame = this.feed?.cursorFrame() ?? (isSilent ? heartbeat : null)
    if (frame !== null) this.writeFrame(frame, 0)
  }

  get completedBytes(): number {
    return this.#sink.completedBytes
  }

  get pendingBytes(): number {
    return this.#sink.bufferedBytes
  }

  caughtUp(): void {
    if (this.#isBehind) this.onDrain()
  }

  destroy(reason: CloseReason): void {
    if (this.#closed === null) this.#shut(reason)
    else this.#sink.destroy()
  }

  /** For the channel layer: there is a subscription now, and rotation is safe. */
  subscribed(feed: StreamFeed): void {
    this.feed = feed
    this.#clock.startRotation()
  }

  /** The response's `drain`. */
  onDrain(): void {
    this.#isBehind = false
    this.#clock.clearStall()
    this.#settleDrainWaiters(true)
    if (this.#closed === null) this.feed?.onDrain()
  }

  /** The response's `close`: the last that happens to it. */
  onResponseClose(wasEndedElsewhere: boolean): void {
    this.#shut(wasEndedElsewhere ? 'server' : 'client')
    this.#clock.stop()
    this.#host.onResponseClose(this)
  }

  get #isSubscribed(): boolean {
    return this.feed?.hasSubscriptions === true
  }

  #sendDirect(block: string, eventCount: number): boolean {
    if (this.#isUnwritable()) return false
    const frame = Frame.fromText(block)
    // Only a client that is behind is slow: what was written in this turn waits, too, and a single event may be larger.
    if (this.#isBehind && this.#sink.bufferedBytes + frame.chunk.length > this.options.maxBufferedBytes) {
      this.#shut('slow')
      return false
    }
    return this.#write(frame, eventCount)
  }

  #write(frame: Frame, eventCount: number): boolean {
    if (this.#isUnwritable()) return false
    return this.#wrote(frame.size, eventCount, this.#sink.write(frame))
  }

  #wrote(bytes: number, eventCount: number, isRoomLeft: boolean, now = performance.now()): boolean {
    this.#eventCount += eventCount
    this.#byteCount += bytes
    this.wroteAt = Math.floor(now)
    if (!isRoomLeft) {
      this.#isBehind = true
      if (!this.#wasBehind) {
        this.#wasBehind = true
        this.#host.onFirstBehind(this)
      }
      this.#clock.watchStall()
    }
    return isRoomLeft
  }

  /** Closed, or found to be: somebody else ended the response or the client left, and the `close` event is still to come. */
  #isUnwritable(): boolean {
    if (this.#closed === null && this.#sink.isEnded) this.#shut('server')
    if (this.#closed === null && this.#sink.isGone) this.#shut('client')
    return this.#closed !== null
  }

  #shut(reason: CloseReason): void {
    if (this.#closed !== null) return
    this.#closed = reason
    // Out of the channel first, so that no listener sees a delivery after it was told.
    this.feed?.onStreamClose()
    this.#closeSink(reason)
    this.#settleDrainWaiters(false)
    this.#watchers.notify(reason, (error) => this.#report(error))
    this.#host.onStreamClose(this)
    if (streamClosed.hasSubscribers) streamClosed.publish(this.#closeMessage(reason))
  }

  #closeSink(reason: CloseReason): void {
    if (reason === 'client' || this.#sink.isGone) {
      this.#clock.stop()
      return
    }
    if (reason === 'slow' || reason === 'stalled') {
      // This peer does not read: waiting until it has taken the rest would keep the rest.
      this.#clock.stop()
      this.#sink.destroy()
      return
    }
    if (!this.#sink.isEnded) this.#sink.end(reason === 'shutdown')
    this.#clock.linger()
  }

  #closeMessage(reason: CloseReason): StreamCloseMessage {
    return {
      stream: this,
      reason,
      ageMs: this.#clock.ageMs,
      eventCount: this.#eventCount,
      byteCount: this.#byteCount,
    }
  }

  #settleDrainWaiters(isOpen: boolean): void {
    const waiters = this.#drainWaiters
    this.#drainWaiters = undefined
    if (waiters !== undefined) for (const resolve of waiters) resolve(isOpen)
  }

  #report(error: unknown): void {
    this.#host.report(error, this)
  }
}
