import { publisherCounts, runLogAppend } from './log-append.mjs'
import { runLogFollow } from './log-follow.mjs'
import { runLogIdle } from './log-idle.mjs'
import { runLogLatency } from './log-latency.mjs'
import { available, skippedEngines } from './log-run.mjs'

/** Runs of every contestant that a scenario has, Rivulet's in front of the driver that it is compared with. */
function contestantsOf({ logs, bares }, scenario) {
  return [...logs, ...bares.filter((bare) => bare.in.includes(scenario))].map(({ label }) => label)
}

function appendersOf(engine) {
  return contestantsOf(engine, 'log-append').flatMap((contestant) =>
    engine.logs.some(({ label }) => label === contestant)
      ? [
          { label: contestant, contestant, isLogAlone: true },
          { label: `${contestant}: publish()`, contestant, isLogAlone: false },
        ]
      : [{ label: contestant, contestant, isLogAlone: false }],
  )
}

/** By each setting of each engine's server; which one is told where there are several. */
function forAllServers(toRun) {
  return available.flatMap((engine) => {
    const servers = Object.keys(engine.servers)
    return servers.flatMap((server) =>
      toRun(engine, server, (label) => (servers.length === 1 ? label : `${label} (${server})`)),
    )
  })
}

/** Each Rivulet contestant, with its engine. */
function forAllLogs(toEach) {
  return available.flatMap((engine) => engine.logs.flatMap((log) => toEach(engine, log)))
}

const common = { notes: skippedEngines }
/** A busy channel, and one on which something comes now and then: whoever polls slows down. */
const paces = [100, 2]

function paced(label, eventsPerSecond) {
  return `${label} at ${eventsPerSecond}/s`
}

/** The rows of the log engines, as `index.mjs` describes scenarios. */
export const logScenarios = [
  {
    ...common,
    name: 'log-append',
    title:
      'Appends: events of 200 bytes, by 1, 10 and 100 publishers of one process on one channel; per second',
    columns: {
      ...Object.fromEntries(publisherCounts.map((count) => [`rate${count}`, `by ${count}`])),
      ...Object.fromEntries(publisherCounts.map((count) => [`cpu${count}`, `CPU µs, by ${count}`])),
    },
    runTogether: runLogAppend,
    runs: (seconds = 3) =>
      forAllServers((engine, server, labelOn) =>
        appendersOf(engine).map(({ label, contestant, isLogAlone }) => ({
          label: labelOn(label),
          contestant: engine.name,
          group: labelOn(engine.name),
          settings: { engine: engine.name, server, contestant, isLogAlone, seconds, bytes: 200 },
        })),
      ),
    bars: forAllServers((engine, server, labelOn) =>
      (engine.withoutBars?.includes(server) ? [] : engine.logs).flatMap(({ label, bare }) =>
        publisherCounts.map((count) => ({
          of: labelOn(label),
          figure: `rate${count}`,
          against: labelOn(bare),
          atLeast: 0.8,
        })),
      ),
    ),
  },
  {
    ...common,
    name: 'log-latency',
    title: 'Latency: from publish() in one process to a client of another, events of 200 bytes',
    columns: { deliveryP50: 'p50 ms', deliveryP99: 'p99 ms' },
    runTogether: runLogLatency,
    runs: (seconds = 8) =>
      available.flatMap((engine) =>
        contestantsOf(engine, 'log-latency').flatMap((contestant) =>
          paces.map((eventsPerSecond) => ({
            label: paced(contestant, eventsPerSecond),
            contestant: engine.name,
            group: paced(engine.name, eventsPerSecond),
            settings: {
              engine: engine.name,
              contestant,
              isRivulet: engine.logs.some(({ label }) => label === contestant),
              eventsPerSecond,
              seconds,
              bytes: 200,
            },
          })),
        ),
      ),
    bars: forAllLogs(({ bars }, { label, bare }) =>
      paces.map((pace) => ({
        of: paced(label, pace),
        figure: 'deliveryP50',
        beyond: paced(bare, pace),
        atMost: bars.latencyMs,
      })),
    ),
  },
  {
    ...common,
    name: 'log-follow',
    title:
      'Following: one process, one channel, up to 20,000 events a second of 200 bytes, a hundred at a time',
    columns: {
      rate: 'per second',
      loadRate: 'stored per second',
      lagP50: 'lag p50 ms',
      lagP99: 'lag p99 ms',
      lagAtEnd: 'lag at the end ms',
      cpu: 'CPU µs per event',
      busy: 'CPU %',
    },
    run: runLogFollow,
    runs: (seconds = 5) =>
      forAllLogs((engine, { label, bare }) => ({
        label,
        contestant: engine.name,
        settings: {
          engine: engine.name,
          contestant: label,
          bare,
          eventsPerSecond: 20_000,
          batch: 100,
          seconds,
          bytes: 200,
        },
      })),
    bars: forAllLogs(({ bars }, { label }) => [
      { of: label, figure: 'lagAtEnd', atMost: 250 },
      ...(bars.followRate === undefined ? [] : [{ of: label, figure: 'rate', atLeast: bars.followRate }]),
    ]),
  },
  {
    ...common,
    name: 'log-idle',
    title: 'Idle: one process follows 1,000 channels on which nothing comes',
    columns: {
      connections: 'connections',
      commands: 'commands a second',
      busy: 'CPU %',
    },
    run: runLogIdle,
    runs: (seconds = 30) =>
      forAllLogs((engine, { label }) => ({
        label,
        contestant: engine.name,
        settings: { engine: engine.name, contestant: label, channelCount: 1_000, seconds },
      })),
    bars: forAllLogs(({ bars }, { label }) => [
      ...(bars.idleCommands === undefined
        ? []
        : [
            // The one that the log was handed, and one for following.
            { of: label, figure: 'connections', atMost: 2 },
            { of: label, figure: 'commands', atMost: bars.idleCommands },
          ]),
      { of: label, figure: 'busy', atMost: 5 },
    ]),
  },
]
