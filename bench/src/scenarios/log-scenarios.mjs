import { publisherCounts, runLogAppend } from './log-append.mjs'
import { available, skippedEngines } from './log-run.mjs'

/** Runs of every contestant that a scenario has, Rivulet's in front of the driver that it is compared with. */
function contestantsOf({ logs, bares }, scenario) {
  return [...logs, ...bares.filter((bare) => bare.in.includes(scenario))].map(({ label }) => label)
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

const common = { notes: skippedEngines }

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
    runs: (seconds = 2) =>
      forAllServers((engine, server, labelOn) =>
        contestantsOf(engine, 'log-append').map((contestant) => ({
          label: labelOn(contestant),
          contestant: engine.name,
          group: labelOn(engine.name),
          settings: { engine: engine.name, server, contestant, seconds, bytes: 200 },
        })),
      ),
    bars: forAllServers((engine, _, labelOn) =>
      engine.logs.flatMap(({ label, bare }) =>
        publisherCounts.map((count) => ({
          of: labelOn(label),
          figure: `rate${count}`,
          against: labelOn(bare),
          atLeast: 0.8,
        })),
      ),
    ),
  },
]
