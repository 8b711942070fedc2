import type { CloseReason } from './event-stream.ts'
import type { ResolvedStreamOptions } from './stream-options.ts'
import { WheelEntry, wheel } from './timer-wheel.ts'

const never = Number.POSITIVE_INFINITY
const subscribedMaxAgeMs = 30 * 60 * 1000
const leastSubscribedMs = 5 * 60 * 1000
/**
 * Into so many parts a heartbeat's time is divided. Heartbeats are written at the end of such a part, many together: what one costs beyond its bytes
 * is mostly waking up for it, here and at the peer.
 */
const beatParts = 64
/** How often within `stallMs` a peer is looked at. */
const stallLooks = 4

/** What the clock needs of its stream. */
export interface ClockedStream {
  readonly closed: CloseReason | null
  /** Bytes that wait for the peer, also after the stream was closed and while its last bytes go out. */
  readonly pendingBytes: number
  /** Changes only when the peer takes something. */
  readonly completedBytes: number
  /** When something was last written, in whole milliseconds of the monotonic clock. Noted there, where it costs writes least. */
  wroteAt: number
  /** Writes where the client is, if it has not been told with an event; else, where nothing was written for so long, a heartbeat. */
  beat(isSilent: boolean): void
  /** Nothing waits any more: told again here, because Node 22 forgets the `drain` of a response that was corked. */
  caughtUp(): void
  hangUp(reason: CloseReason): void
  /** Drops the connection with what still waits. */
  destroy(reason: CloseReason): void
}

/** ±20 %, so that connections opened together don't act together. `later`: what may come on top of it, as a part of the duration. */
function jittered(durationMs: number, later = 0): number {
  return durationMs * (0.8 + Math.random() * (0.4 - later))
}

/**
 * Everything about one stream that happens by time, in one entry of the process's wheel: heartbeat, rotation, expiry, and
 * the watch over a peer that does not read. A write only notes the time; the entry finds out when it is due.
 */
export class StreamClock extends WheelEntry {
  /** The reconnection time for this client. */
  readonly retryMs: number | false
  readonly #stream: ClockedStream
  readonly #heartbeatMs: number
  readonly #beatPartMs: number
  readonly #stallMs: number
  readonly #maxAgeMs: number | false | undefined
  /** Milliseconds since 1970. */
  readonly #expiresAt: number
  #openedAt = Number.NaN
  #ageDeadline = never
  /** When the peer was last seen to take something; `never` while nothing waits. */
  #stalledSince = never
  #stallMark = 0
  #isLingering = false

  constructor(stream: ClockedStream, options: ResolvedStreamOptions) {
    super()
    this.#stream = stream
    this.retryMs = options.retryMs === false ? false : Math.round(jittered(options.retryMs))
    this.#heartbeatMs = options.heartbeatMs === false ? never : jittered(options.heartbeatMs, 1 / beatParts)
    this.#beatPartMs = options.heartbeatMs === false ? 1 : options.heartbeatMs / beatParts
    this.#stallMs = options.stallMs === false ? never : options.stallMs
    this.#maxAgeMs = options.maxAgeMs
    this.#expiresAt = options.expiresAt === false ? never : Number(options.expiresAt)
  }

  /** Milliseconds since `start`; 0 before. */
  get ageMs(): number {
    return Number.isNaN(this.#openedAt) ? 0 : performance.now() - this.#openedAt
  }

  /** @param now Of the monotonic clock. */
  start(now: number): void {
    this.#openedAt = now
    if (this.#maxAgeMs !== undefined && this.#maxAgeMs !== false)
      this.#ageDeadline = now + jittered(this.#maxAgeMs)
    this.#reschedule(now)
  }

  /** From the first subscription on the stream resumes exactly, so it rotates unless it was told otherwise. */
  startRotation(): void {
    if (this.#maxAgeMs !== undefined || this.#ageDeadline !== never || Number.isNaN(this.#openedAt)) return
    const now = performance.now()
    // One that is older already has time to tell its client where it is.
    this.#ageDeadline = Math.max(
      this.#openedAt + jittered(subscribedMaxAgeMs),
      now + jittered(leastSubscribedMs),
    )
    this.#reschedule(now)
  }

  /** Something waits for the peer. */
  watchStall(): void {
    if (this.#stalledSince !== never || this.#stallMs === never) return
    const now = performance.now()
    this.#stalledSince = now
    this.#stallMark = this.#stream.completedBytes
    this.#reschedule(now)
  }

  clearStall(): void {
    this.#stalledSince = never
  }

  /** The stream is closed and its last bytes are going out: only the peer that does not take them is still watched. */
  linger(): void {
    this.#isLingering = true
    this.#stalledSince = never
    wheel.cancel(this)
    this.watchStall()
  }

  stop(): void {
    wheel.cancel(this)
  }

  onDue(now: number): number {
    if (this.#isStalled(now)) {
      this.#stream.destroy('stalled')
      return never
    }
    if (this.#isLingering) return this.#nextDeadline(now)
    if (Date.now() >= this.#expiresAt) {
      this.#stream.hangUp('expired')
      return never
    }
    if (now >= this.#ageDeadline) {
      this.#stream.hangUp('age')
      return never
    }
    this.#beat(now)
    return this.#stream.closed === null ? this.#nextDeadline(now) : never
  }

  #beat(now: number): void {
    const isSilent = now >= this.#stream.wroteAt + this.#heartbeatMs
    this.#stream.beat(isSilent)
    if (!isSilent) return
    this.#stream.wroteAt = Math.floor(now)
    if (this.#stream.pendingBytes > 0) this.watchStall()
  }

  #isStalled(now: number): boolean {
    if (this.#stalledSince === never) return false
    const completed = this.#stream.completedBytes
    if (this.#stream.pendingBytes === 0 && !this.#isLingering) {
      this.#stalledSince = never
      this.#stream.caughtUp()
      return false
    }
    if (completed !== this.#stallMark) {
      this.#stallMark = completed
      this.#stalledSince = now
      return false
    }
    return now - this.#stalledSince >= this.#stallMs
  }

  #nextDeadline(now: number): number {
    const look = this.#stalledSince === never ? never : now + this.#stallMs / stallLooks
    if (this.#isLingering) return look
    const expiry = this.#expiresAt === never ? never : now + Math.max(this.#expiresAt - Date.now(), 1)
    return Math.min(look, expiry, this.#ageDeadline, this.#nextBeat())
  }

  #nextBeat(): number {
    return Math.ceil((this.#stream.wroteAt + this.#heartbeatMs) / this.#beatPartMs) * this.#beatPartMs
  }

  #reschedule(now: number): void {
    wheel.schedule(this, this.#nextDeadline(now))
  }
}
