import { type BatchObservableResult, type Meter, metrics, type Observable } from '@opentelemetry/api'
import { buckets, help } from './instruments.ts'
import { type Levels, observe } from './observe.ts'

export interface OpenTelemetryOptions {
  /** What makes the instruments. Default: the global meter provider's meter `@rivulet/metrics`. */
  readonly meter?: Meter | undefined
}

/** What was set up. */
export interface Metrics {
  /** Stops to listen, and to be read. */
  stop(): void
}

/**
 * Counts and measures all streams and channels of this process for OpenTelemetry, from now on: call it before the first stream
 * is opened and after your SDK was started, once per process.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/general/naming/
 */
export function collectMetrics(options: OpenTelemetryOptions = {}): Metrics {
  const meter = options.meter ?? metrics.getMeter('@rivulet/metrics')
  const read: [Observable, (levels: Levels) => number][] = [
    [
      meter.createObservableUpDownCounter('rivulet.stream.open', {
        description: help.streamsOpen,
        unit: '{stream}',
      }),
      ({ openStreams }) => openStreams,
    ],
    [
      meter.createObservableUpDownCounter('rivulet.stream.buffered', {
        description: help.bufferedBytes,
        unit: 'By',
      }),
      ({ bufferedBytes }) => bufferedBytes,
    ],
    [
      meter.createObservableUpDownCounter('rivulet.log.interrupted', {
        description: help.interruptedChannels,
        unit: '{channel}',
      }),
      ({ interruptedChannels }) => interruptedChannels,
    ],
    [
      meter.createObservableCounter('rivulet.stream.events', {
        description: help.eventsSent,
        unit: '{event}',
      }),
      ({ eventsSent }) => eventsSent,
    ],
    [
      meter.createObservableCounter('rivulet.stream.io', { description: help.bytesSent, unit: 'By' }),
      ({ bytesSent }) => bytesSent,
    ],
  ]
  const counter = (name: string, description: string, unit: string) =>
    meter.createCounter(name, { description, unit })
  const seconds = (name: string, description: string, bounds: readonly number[] = buckets.seconds) =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: [...bounds] },
    })
  const opened = counter('rivulet.stream.opened', help.streamsOpened, '{stream}')
  const closed = counter('rivulet.stream.closed', help.streamsClosed, '{stream}')
  const gaps = counter('rivulet.channel.gaps', help.gaps, '{gap}')
  const slow = counter('rivulet.channel.slow_readers', help.slowReaders, '{reader}')
  const logErrors = counter('rivulet.log.errors', help.logErrors, '{error}')
  const publish = seconds('rivulet.channel.publish.duration', help.publishDuration)
  const latency = seconds('rivulet.channel.delivery.latency', help.deliveryLatency)
  const fanOut = seconds('rivulet.channel.fan_out.duration', help.fanOutDuration)
  const logLag = seconds('rivulet.log.lag', help.logLag)
  const interruption = seconds('rivulet.log.interruption', help.logInterruption, buckets.outageSeconds)
  const replay = meter.createHistogram('rivulet.channel.replay', {
    description: help.replayLength,
    unit: '{event}',
    advice: { explicitBucketBoundaries: [...buckets.events] },
  })

  const observation = observe({
    streamOpened: () => opened.add(1),
    streamClosed: (reason) => closed.add(1, { reason }),
    published: (outcome, duration) => publish.record(duration, { outcome }),
    delivered(message) {
      logLag.record(message.logLag)
      fanOut.record(message.fanOut)
      latency.record(message.latency)
    },
    replayed: (length) => replay.record(length),
    gapTold: (reason) => gaps.add(1, { reason }),
    readerSlow: () => slow.add(1),
    logFailed: () => logErrors.add(1),
    logReconnected: (duration) => interruption.record(duration),
  })
  const instruments = read.map(([instrument]) => instrument)
  const onRead = (result: BatchObservableResult) => {
    const levels = observation.levels()
    for (const [instrument, level] of read) result.observe(instrument, level(levels))
  }
  meter.addBatchObservableCallback(onRead, instruments)
  return {
    stop() {
      meter.removeBatchObservableCallback(onRead, instruments)
      observation.stop()
    },
  }
}
