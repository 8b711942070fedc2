/** Help texts and bucket bounds, the same for both systems. Durations in seconds, sizes in events. */
export const help = {
  streamsOpen: 'Streams that are open now.',
  streamsOpened: 'Streams that were opened.',
  streamsClosed: 'Streams that were closed, those refused included, by reason.',
  eventsSent: 'Events written to streams.',
  bytesSent: "Bytes of streams handed to sockets, without HTTP's framing.",
  bufferedBytes: 'Bytes that wait in this process for slow readers.',
  publishDuration: 'Time that the log took to store an event, by outcome.',
  deliveryLatency: 'Time from the publishing of an event until it was written to all readers that keep up.',
  fanOutDuration:
    'Time from an event being brought by its log until it was written to all readers that keep up.',
  logLag: 'Time from the publishing of an event until its log brought it to this process.',
  replayLength: 'Events between where a client came back and the newest.',
  gaps: 'Times that a client was told that it missed something, by reason.',
  slowReaders: 'Times that a reader stopped to keep up.',
  logErrors: 'Failures to read or follow a log.',
  logInterruption: 'Time that a log was out of reach.',
  interruptedChannels: 'Channels whose log is out of reach now.',
} as const

export const buckets = {
  seconds: [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  outageSeconds: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600],
  events: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
} as const
