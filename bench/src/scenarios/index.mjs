import { libraries } from '../contestants/index.mjs'
import { missing as missingNchan } from '../contestants/nchan.mjs'
import { runComeBack } from './come-back.mjs'
import { runFanOut } from './fan-out.mjs'
import { runFrozen } from './frozen.mjs'
import { growth } from './growth.mjs'
import { runIdle } from './idle.mjs'
import { keepersIn, leakKiB, runLeft } from './left.mjs'
import { limitScenarios } from './limits.mjs'
import { logScenarios } from './log-scenarios.mjs'
import { runOpening } from './opening.mjs'
import { runTokens } from './tokens.mjs'
import { runTopics } from './topics.mjs'

const rivulets = ['rivulet-core', 'rivulet-express', 'rivulet-fastify']
const naives = ['naive-express', 'naive-fastify']
const nchan = missingNchan() === null ? ['nchan'] : []
const basics = ['floor', 'naive', ...rivulets]

/** The same settings for every contestant. */
function forAll(contestants, settings) {
  return contestants.map((contestant) => ({ label: contestant, contestant, settings }))
}

const cost = { cpu: 'CPU µs', user: 'user µs', system: 'system µs' }
const delivery = { deliveryP50: 'delivery p50 ms', deliveryP99: 'delivery p99 ms' }
const fanOut = { ...cost, ...delivery, delayP99: 'loop delay p99 ms' }

/** A bar for each, against the naive loop on the same framework: where requests and what is kept of them are a part of what is measured. */
function againstOwnNaive(bar, how = 'against') {
  return [
    { ...bar, of: 'rivulet-core', [how]: 'naive' },
    { ...bar, of: 'rivulet-express', [how]: 'naive-express' },
    { ...bar, of: 'rivulet-fastify', [how]: 'naive-fastify' },
  ]
}

function skippedNchan() {
  const reason = missingNchan()
  return reason === null ? [] : [`SKIPPED nchan: ${reason}`]
}

/**
 * What is measured, in `runs(seconds?)`, one for each contestant. `bars` are what every Rivulet contestant, or the run `of`,
 * must show: `figure` against that of another run (`against`) or of the best of several (`againstBest`), beyond it
 * (`beyond`), or by itself. `notes(results)`: lines to be told besides. Those with `isQuick` are what `--quick` runs, and fail there by
 * `quickBars`, which are closer to what Rivulet reaches; those with
 * `isApart` run only where they are named; `isPictured`: CPU as bars in `--svg`.
 *
 * Small event: 200 bytes of JSON, 240 with its id and framing.
 */
export const scenarios = [
  {
    name: 'paced',
    isQuick: true,
    title: 'Paced fan-out: 1,000 connections, 60 events a second of 200 bytes; per delivery',
    columns: fanOut,
    isPictured: true,
    notes: skippedNchan,
    run: runFanOut,
    runs: (seconds = 5) =>
      forAll([...basics, ...naives, ...libraries, ...nchan], {
        connections: 1_000,
        eventsPerSecond: 60,
        burst: 1,
        bytes: 200,
        seconds,
        warmUpSeconds: 1,
      }),
    bars: [
      { figure: 'cpu', against: 'floor', atMost: 1.1 },
      { figure: 'cpu', against: 'naive', atMost: 0.97 },
      { figure: 'user', against: 'naive', atMost: 0.8 },
      { figure: 'cpu', againstBest: libraries, atMost: 1 },
    ],
    quickBars: [{ figure: 'user', against: 'naive', atMost: 0.5 }],
  },
  {
    name: 'observed',
    title: 'Diagnostics: paced fan-out with listeners to everything that is told, against none; per delivery',
    columns: fanOut,
    run: runFanOut,
    runs: (seconds = 5) =>
      forAll(['floor', 'rivulet-core', 'rivulet-observed'], {
        connections: 1_000,
        eventsPerSecond: 60,
        burst: 1,
        bytes: 200,
        seconds,
        warmUpSeconds: 1.5,
      }),
    bars: [{ figure: 'cpu', of: 'rivulet-observed', against: 'rivulet-core', atMost: 1.05 }],
  },
  {
    name: 'bursts',
    isQuick: true,
    title: 'Bursts: 500 connections, 200 events a second of 200 bytes, ten at a time; per delivery',
    columns: fanOut,
    isPictured: true,
    notes: skippedNchan,
    run: runFanOut,
    runs: (seconds = 5) =>
      forAll([...basics, ...naives, ...libraries, ...nchan], {
        connections: 500,
        eventsPerSecond: 200,
        burst: 10,
        bytes: 200,
        seconds,
        warmUpSeconds: 1,
      }),
    bars: [
      { figure: 'cpu', against: 'floor', atMost: 1.2 },
      { figure: 'cpu', against: 'naive', atMost: 0.65 },
      { figure: 'user', against: 'naive', atMost: 0.65 },
      { figure: 'cpu', againstBest: libraries, atMost: 0.5 },
    ],
    quickBars: [{ figure: 'user', against: 'naive', atMost: 0.3 }],
  },
  {
    name: 'overload',
    title: 'Overload: 500 connections, 1,000 events a second of 200 bytes, ten at a time; per delivery',
    columns: {
      ...fanOut,
      peakMemory: 'peak memory MiB',
      grownMemory: 'grown memory MiB',
      keptMemory: 'kept memory MiB',
    },
    isPictured: true,
    notes: skippedNchan,
    run: runFanOut,
    runs: (seconds = 5) =>
      forAll([...basics, ...libraries, ...nchan], {
        connections: 500,
        eventsPerSecond: 1_000,
        burst: 10,
        bytes: 200,
        seconds,
        warmUpSeconds: 1,
      }),
    bars: [
      { figure: 'cpu', against: 'naive', atMost: 0.45 },
      { figure: 'grownMemory', atMost: 8 },
      { figure: 'keptMemory', atMost: 8 },
    ],
  },
  {
    name: 'wide',
    title: 'Wide: 9,000 connections, 4 events a second of 200 bytes; per delivery',
    columns: fanOut,
    isPictured: true,
    run: runFanOut,
    runs: (seconds = 6) =>
      forAll([...basics, ...naives], {
        connections: 9_000,
        eventsPerSecond: 4,
        burst: 1,
        bytes: 200,
        seconds,
        warmUpSeconds: 2,
      }),
    bars: [
      { figure: 'cpu', against: 'naive', atMost: 1 },
      { figure: 'delayP99', atMost: 20 },
      { figure: 'delayP99', against: 'naive', atMost: 0.2 },
      { figure: 'deliveryP99', against: 'naive', atMost: 1 },
    ],
  },
  {
    name: 'topics',
    title: 'Topics: one connection on each topic, 1,000 events a second to one of them; per event',
    columns: cost,
    run: runTopics,
    runs: () =>
      [50, 5_000].map((topicCount) => ({
        label: `rivulet-core, ${topicCount} topics`,
        contestant: 'rivulet-core',
        settings: { topicCount, eventCount: 5_000, eventsPerSecond: 1_000, burst: 10, bytes: 200 },
      })),
    bars: [
      {
        of: 'rivulet-core, 5000 topics',
        figure: 'cpu',
        against: 'rivulet-core, 50 topics',
        atMost: 1.3,
      },
    ],
  },
  {
    name: 'come-back',
    title: 'Come-back: 2,000 clients in one moment, each 500 events of 200 bytes behind; per event',
    columns: {
      ...cost,
      total: 'CPU ms in all',
      delayP99: 'loop delay p99 ms',
      peakMemory: 'peak memory MiB',
      peakResident: 'peak resident MiB',
    },
    run: runComeBack,
    runs: () =>
      forAll(['naive', ...naives, ...rivulets], { connections: 2_000, missedCount: 500, bytes: 200 }),
    bars: [...againstOwnNaive({ figure: 'cpu', atMost: 0.25 }), { figure: 'peakResident', atMost: 150 }],
  },
  {
    name: 'stalled',
    title: 'Stalled: 300 readers beside 300 that never read, 1,000 events a second of 1,000 bytes',
    columns: { ...delivery, cpu: 'CPU µs', peakMemory: 'peak memory MiB', keptMemory: 'kept memory MiB' },
    run: runFanOut,
    runs: (seconds = 20) =>
      [0, 300].map((unreadCount) => ({
        label: unreadCount === 0 ? 'rivulet-core, all read' : 'rivulet-core, half never read',
        contestant: 'rivulet-core',
        settings: {
          connections: 300,
          unreadCount,
          sse: { stallMs: false },
          eventsPerSecond: 1_000,
          burst: 10,
          bytes: 1_000,
          seconds,
          // The kernel takes some megabytes for each of those that never read: until then they are readers like all others.
          warmUpSeconds: 8,
        },
      })),
    bars: [
      { of: 'rivulet-core, half never read', figure: 'peakMemory', atMost: 64 },
      {
        of: 'rivulet-core, half never read',
        figure: 'deliveryP99',
        against: 'rivulet-core, all read',
        atMost: 1.2,
      },
    ],
  },
  {
    name: 'frozen',
    title: 'Frozen: 500 MB to 500 readers that never read, beside 500 that get every hundredth event',
    columns: {
      ...delivery,
      keptMemory: 'kept memory MiB',
      peakMemory: 'peak memory MiB',
      keptResident: 'kept resident MiB',
    },
    run: runFrozen,
    runs: () =>
      [0, 500].map((unreadCount) => ({
        label: unreadCount === 0 ? 'rivulet-core, none frozen' : 'rivulet-core, half frozen',
        contestant: 'rivulet-core',
        settings: {
          connections: 500,
          unreadCount,
          sse: { stallMs: false },
          eventCount: 50_000,
          eventsPerSecond: 1_000,
          burst: 10,
          bytes: 10_000,
          topicEvery: 100,
        },
      })),
    bars: [
      // The ring and 96 KiB for each that never reads.
      { of: 'rivulet-core, half frozen', figure: 'keptMemory', atMost: 4 + (500 * 96) / 1024 },
      { of: 'rivulet-core, half frozen', figure: 'peakMemory', atMost: 64 },
      {
        of: 'rivulet-core, half frozen',
        figure: 'deliveryP50',
        beyond: 'rivulet-core, none frozen',
        atMost: 20,
      },
    ],
  },
  {
    name: 'idle',
    title: 'Idle: 9,000 connections with a heartbeat every 2 s; CPU per heartbeat, memory per connection',
    columns: {
      ...cost,
      perConnection: 'memory KiB',
      residentPerConnection: 'resident KiB',
    },
    run: runIdle,
    runs: (seconds = 6) =>
      forAll(['naive', ...naives, ...rivulets], { connections: 9_000, sse: { heartbeatMs: 2_000 }, seconds }),
    bars: [
      ...againstOwnNaive({ figure: 'cpu', atMost: 1.2 }),
      ...againstOwnNaive({ figure: 'perConnection', atMost: 2 }, 'beyond'),
    ],
  },
  {
    name: 'tokens',
    title: 'Tokens: one connection, 200,000 small events through pipe() as fast as it takes them',
    columns: { rate: 'thousands per CPU second', ...cost, perSecond: 'thousands a second' },
    run: runTokens,
    runs: () => forAll(['naive', ...rivulets], { tokenCount: 200_000 }),
    bars: [{ figure: 'rate', against: 'naive', atLeast: 0.9 }],
  },
  {
    name: 'opening',
    title: 'Opening: streams opened, answered and hung up',
    columns: { rate: 'per CPU second', ...cost, perSecond: 'per second' },
    runTogether: runOpening,
    runs: () =>
      forAll(['naive', 'naive-express', 'naive-fastify', ...rivulets], { openings: 16_000, atOnce: 50 }),
    bars: againstOwnNaive({ figure: 'rate', atLeast: 0.9 }),
  },
  {
    name: 'left',
    title: 'Left: memory that the server keeps of each stream that was opened and hung up',
    columns: { keptPerStream: 'kept KiB each', cpu: 'CPU µs' },
    notes: (results) => keepersIn(results),
    run: runLeft,
    runs: () => forAll(['naive', ...naives, ...rivulets, ...libraries], { openings: 4_000, atOnce: 50 }),
    bars: [{ figure: 'keptPerStream', atMost: leakKiB }],
  },
  growth,
  ...limitScenarios,
  ...logScenarios,
]
