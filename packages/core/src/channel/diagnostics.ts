import { channel } from 'node:diagnostics_channel'
import type { EventStream } from '../stream/event-stream.ts'
import type { Gap } from '../wire/control-event.ts'

/** Payload of `rivulet:channel.gap`: a client was told that it missed something. */
export interface ChannelGapMessage {
  readonly stream: EventStream
  readonly gap: Gap
}

/** Payload of `rivulet:log.error`: reading or following a channel failed and is tried again. */
export interface LogErrorMessage {
  readonly channel: string
  readonly error: unknown
}

/** Payload of `rivulet:log.reconnect`: the log that had failed was reached again. */
export interface LogReconnectMessage {
  readonly channel: string
  /** Milliseconds since its first `rivulet:log.error`. */
  readonly downMs: number
}

/** Payload of `rivulet:channel.publish`: the log has answered to a `publish()`. */
export interface ChannelPublishMessage {
  readonly channel: string
  readonly event: string | undefined
  readonly topics: readonly string[]
  /** Of the payload. */
  readonly byteCount: number
  /** Milliseconds that the log took. */
  readonly durationMs: number
  /** Why the log did not store it; `undefined`: it did. */
  readonly error: unknown
}

/** Payload of `rivulet:channel.replay`: a subscription that began behind the newest event has caught up. */
export interface ChannelReplayMessage {
  readonly stream: EventStream
  readonly channel: string
  /** Entries between where it began and where it caught up, for this subscriber or not. */
  readonly length: number
  /** Milliseconds since it began. */
  readonly durationMs: number
}

/** Payload of `rivulet:channel.slow`: a reader's socket is full, and there are events that wait for it. Told once until it caught up. */
export interface ChannelSlowMessage {
  readonly stream: EventStream
  readonly channel: string
  /** Entries between where it is and the newest. */
  readonly behind: number
}

/** Payload of `rivulet:channel.deliver`: what the log has brought was written to every reader that keeps up. */
export interface ChannelDeliverMessage {
  readonly channel: string
  readonly entryCount: number
  /** Milliseconds from the oldest one's publishing, by the publisher's clock, until the log brought it here. */
  readonly logLagMs: number
  /** Milliseconds from its publishing until it was written to the last of these readers. */
  readonly latencyMs: number
  /** Milliseconds that the writing took, with what else the process did meanwhile. */
  readonly fanOutMs: number
}

export const published = channel('rivulet:channel.publish')
export const replayed = channel('rivulet:channel.replay')
export const becameSlow = channel('rivulet:channel.slow')
export const delivered = channel('rivulet:channel.deliver')
export const gapTold = channel('rivulet:channel.gap')
export const logFailed = channel('rivulet:log.error')
export const logReconnected = channel('rivulet:log.reconnect')
