import { runFanOut } from './fan-out.mjs'

const basics = ['floor', 'naive', 'rivulet-core', 'rivulet-express', 'rivulet-fastify']

/** The same settings for every contestant. */
function forAll(contestants, settings) {
  return contestants.map((contestant) => ({ label: contestant, contestant, settings }))
}

const fanOutColumns = {
  cpu: 'CPU µs',
  user: 'user µs',
  system: 'system µs',
  deliveryP50: 'delivery p50 ms',
  deliveryP99: 'delivery p99 ms',
  delayP99: 'loop delay p99 ms',
}

/**
 * What is measured. `bars` are what every Rivulet contestant must show: `figure` against that of another run (`against`),
 * or by itself.
 */
export const scenarios = [
  {
    name: 'paced',
    title: 'Paced fan-out: 1,000 connections, 60 events a second of 200 bytes, one at a time',
    columns: fanOutColumns,
    runs: (seconds) =>
      forAll(basics, {
        connections: 1_000,
        eventsPerSecond: 60,
        burst: 1,
        bytes: 200,
        seconds: seconds ?? 5,
        warmUpSeconds: 1.5,
      }),
    run: runFanOut,
    bars: [
      { figure: 'cpu', against: 'floor', atMost: 1.1 },
      { figure: 'cpu', against: 'naive', atMost: 0.97 },
      { figure: 'user', against: 'naive', atMost: 0.8 },
    ],
  },
  {
    name: 'bursts',
    title: 'Bursts: 500 connections, 200 events a second of 200 bytes, ten at a time',
    columns: fanOutColumns,
    runs: (seconds) =>
      forAll(basics, {
        connections: 500,
        eventsPerSecond: 200,
        burst: 10,
        bytes: 200,
        seconds: seconds ?? 5,
        warmUpSeconds: 2,
      }),
    run: runFanOut,
    bars: [
      { figure: 'cpu', against: 'floor', atMost: 1.2 },
      { figure: 'cpu', against: 'naive', atMost: 0.65 },
      { figure: 'user', against: 'naive', atMost: 0.65 },
    ],
  },
  {
    name: 'wide',
    title: 'Wide: 9,000 connections, 4 events a second of 200 bytes',
    columns: fanOutColumns,
    runs: (seconds) =>
      forAll(basics, {
        connections: 9_000,
        eventsPerSecond: 4,
        burst: 1,
        bytes: 200,
        seconds: seconds ?? 6,
        warmUpSeconds: 2,
      }),
    run: runFanOut,
    bars: [
      { figure: 'cpu', against: 'naive', atMost: 1 },
      { figure: 'delayP99', atMost: 20 },
      { figure: 'delayP99', against: 'naive', atMost: 0.2 },
      { figure: 'deliveryP99', against: 'naive', atMost: 1 },
    ],
  },
]
