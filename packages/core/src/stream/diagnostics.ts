import { channel } from 'node:diagnostics_channel'
import type { CloseReason, EventStream } from './event-stream.ts'

/** Payload of `rivulet:stream.open`: published when the head and the first bytes were handed to the socket. */
export interface StreamOpenMessage {
  readonly stream: EventStream
}

/** Payload of `rivulet:stream.close`: published once for each stream, also for those that were refused. */
export interface StreamCloseMessage {
  readonly stream: EventStream
  readonly reason: CloseReason
  /** Milliseconds since the stream was opened; 0 for one that was born closed. */
  readonly ageMs: number
  /** Events written, Rivulet's own included: not heartbeats, comments and hints. */
  readonly eventCount: number
  /** Bytes of the stream handed to the socket: blocks, without HTTP's own framing. */
  readonly byteCount: number
}

/** Payload of `rivulet:stream.error`: what a handler or listener threw, or what an error handler passed on. */
export interface StreamErrorMessage {
  readonly stream: EventStream
  readonly error: unknown
}

export const streamOpened = channel('rivulet:stream.open')
export const streamClosed = channel('rivulet:stream.close')
export const streamFailed = channel('rivulet:stream.error')
