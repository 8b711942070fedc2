import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type ChannelDeliverMessage,
  type ChannelGapMessage,
  type ChannelPublishMessage,
  type ChannelReplayMessage,
  type CloseReason,
  type EventStream,
  interruptedChannels,
  type LogReconnectMessage,
  type StreamCloseMessage,
  type StreamOpenMessage,
} from '@rivulet/core'

/** What is counted and measured, once for both systems. Durations are in seconds. */
export interface Recorder {
  streamOpened(): void
  streamClosed(reason: CloseReason): void
  published(outcome: 'stored' | 'failed', seconds: number): void
  delivered(message: { readonly logLag: number; readonly fanOut: number; readonly latency: number }): void
  replayed(length: number): void
  gapTold(reason: string): void
  readerSlow(): void
  logFailed(): void
  logReconnected(downSeconds: number): void
}

/** What is read at the moment of a scrape. */
export interface Levels {
  readonly openStreams: number
  /** Bytes that wait in this process for slow readers. */
  readonly bufferedBytes: number
  /** Channels whose log is out of reach. */
  readonly interruptedChannels: number
  /** Since the start, open streams included. */
  readonly eventsSent: number
  readonly bytesSent: number
}

export interface Observation {
  levels(): Levels
  stop(): void
}

const msPerSecond = 1_000

/** Listens to all streams and channels of this process, from now on. */
export function observe(recorder: Recorder): Observation {
  const streams = new Set<EventStream>()
  let closedEvents = 0
  let closedBytes = 0
  // The payloads are those that each name is documented with.
  const listeners: Readonly<Record<string, (message: unknown) => void>> = {
    'rivulet:stream.open': (message) => {
      streams.add((message as StreamOpenMessage).stream)
      recorder.streamOpened()
    },
    'rivulet:stream.close': (message) => {
      const { stream, reason, eventCount, byteCount } = message as StreamCloseMessage
      streams.delete(stream)
      closedEvents += eventCount
      closedBytes += byteCount
      recorder.streamClosed(reason)
    },
    'rivulet:channel.publish': (message) => {
      const { durationMs, error } = message as ChannelPublishMessage
      recorder.published(error === undefined ? 'stored' : 'failed', durationMs / msPerSecond)
    },
    'rivulet:channel.deliver': (message) => {
      const { logLagMs, fanOutMs, latencyMs } = message as ChannelDeliverMessage
      recorder.delivered({
        logLag: logLagMs / msPerSecond,
        fanOut: fanOutMs / msPerSecond,
        latency: latencyMs / msPerSecond,
      })
    },
    'rivulet:channel.replay': (message) => recorder.replayed((message as ChannelReplayMessage).length),
    'rivulet:channel.gap': (message) => recorder.gapTold((message as ChannelGapMessage).gap.reason),
    'rivulet:channel.slow': () => recorder.readerSlow(),
    'rivulet:log.error': () => recorder.logFailed(),
    'rivulet:log.reconnect': (message) => {
      recorder.logReconnected((message as LogReconnectMessage).downMs / msPerSecond)
    },
  }
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener)
  return {
    levels() {
      let bufferedBytes = 0
      let eventsSent = closedEvents
      let bytesSent = closedBytes
      for (const stream of streams) {
        bufferedBytes += stream.bufferedBytes
        eventsSent += stream.eventCount
        bytesSent += stream.byteCount
      }
      return {
        openStreams: streams.size,
        bufferedBytes,
        interruptedChannels: interruptedChannels().length,
        eventsSent,
        bytesSent,
      }
    },
    stop() {
      for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener)
    },
  }
}
