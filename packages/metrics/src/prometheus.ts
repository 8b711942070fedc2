import { Counter, Gauge, Histogram, type Registry, register } from 'prom-client'
import { buckets, help } from './instruments.ts'
import { type Levels, observe } from './observe.ts'

export interface PrometheusOptions {
  /** Where the metrics are registered. Default: prom-client's own registry. */
  readonly registry?: Registry | undefined
  /** What their names begin with. Default `rivulet_`. */
  readonly prefix?: string | undefined
}

/** What was set up. */
export interface Metrics {
  /** Stops to listen and takes the metrics out of their registry. */
  stop(): void
}

/**
 * Counts and measures all streams and channels of this process for Prometheus, from now on: call it before the first stream is
 * opened, once per process.
 *
 * @throws Error of prom-client where the registry has metrics of these names already.
 * @see https://prometheus.io/docs/practices/naming/
 */
export function collectMetrics({
  registry = register,
  prefix = 'rivulet_',
}: PrometheusOptions = {}): Metrics {
  const names: string[] = []
  const named = (name: string) => {
    names.push(prefix + name)
    return { name: prefix + name, registers: [registry] }
  }
  let levels: () => Levels = () => observation.levels()
  const level = (name: string, text: string, read: (levels: Levels) => number) =>
    new Gauge({
      ...named(name),
      help: text,
      collect() {
        this.set(read(levels()))
      },
    })
  // Streams count for themselves while they are open, so a counter is set to what they all have come to.
  const total = (name: string, text: string, read: (levels: Levels) => number) =>
    new Counter({
      ...named(name),
      help: text,
      collect() {
        this.reset()
        this.inc(read(levels()))
      },
    })
  const counter = (name: string, text: string) => new Counter({ ...named(name), help: text })
  const labelled = <Label extends string>(name: string, text: string, label: Label) =>
    new Counter({ ...named(name), help: text, labelNames: [label] })
  const histogram = (name: string, text: string, bounds: readonly number[]) =>
    new Histogram({ ...named(name), help: text, buckets: [...bounds] })

  level('streams_open', help.streamsOpen, ({ openStreams }) => openStreams)
  level('buffered_bytes', help.bufferedBytes, ({ bufferedBytes }) => bufferedBytes)
  level('log_interrupted_channels', help.interruptedChannels, (now) => now.interruptedChannels)
  total('events_sent_total', help.eventsSent, ({ eventsSent }) => eventsSent)
  total('bytes_sent_total', help.bytesSent, ({ bytesSent }) => bytesSent)
  const opened = counter('streams_opened_total', help.streamsOpened)
  const closed = labelled('streams_closed_total', help.streamsClosed, 'reason')
  const gaps = labelled('gaps_total', help.gaps, 'reason')
  const slow = counter('slow_readers_total', help.slowReaders)
  const logErrors = counter('log_errors_total', help.logErrors)
  const latency = histogram('delivery_latency_seconds', help.deliveryLatency, buckets.seconds)
  const fanOut = histogram('fan_out_duration_seconds', help.fanOutDuration, buckets.seconds)
  const logLag = histogram('log_lag_seconds', help.logLag, buckets.seconds)
  const replay = histogram('replay_events', help.replayLength, buckets.events)
  const interruption = histogram('log_interruption_seconds', help.logInterruption, buckets.outageSeconds)
  const publish = new Histogram({
    ...named('publish_duration_seconds'),
    help: help.publishDuration,
    labelNames: ['outcome'],
    buckets: [...buckets.seconds],
  })

  const observation = observe({
    streamOpened: () => opened.inc(),
    streamClosed: (reason) => closed.inc({ reason }),
    published: (outcome, seconds) => publish.observe({ outcome }, seconds),
    delivered(message) {
      logLag.observe(message.logLag)
      fanOut.observe(message.fanOut)
      latency.observe(message.latency)
    },
    replayed: (length) => replay.observe(length),
    gapTold: (reason) => gaps.inc({ reason }),
    readerSlow: () => slow.inc(),
    logFailed: () => logErrors.inc(),
    logReconnected: (seconds) => interruption.observe(seconds),
  })
  return {
    stop() {
      const last = observation.levels()
      levels = () => last
      observation.stop()
      for (const name of names) registry.removeSingleMetric(name)
    },
  }
}
