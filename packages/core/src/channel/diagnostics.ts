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

export const gapTold = channel('rivulet:channel.gap')
export const logFailed = channel('rivulet:log.error')
export const logReconnected = channel('rivulet:log.reconnect')
