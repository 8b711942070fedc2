import { answerCalls } from '../calls.mjs'
import { startContestant } from '../contestants/index.mjs'
import { payloads } from '../payload.mjs'
import { Meter, memoryNow } from './meter.mjs'
import { Profiler } from './profiler.mjs'
import { publishPaced } from './publish-paced.mjs'

// The process under test: one contestant, and what it costs.
let contestant
const meter = new Meter()
const profiler = new Profiler()

/** What this process cannot tell of another that does the work. */
const notOfThis = {
  delayP99Ms: Number.NaN,
  delayMaxMs: Number.NaN,
  peakUsedBytes: Number.NaN,
  grownUsedBytes: Number.NaN,
  peakResidentBytes: Number.NaN,
}

function isElsewhere() {
  return contestant.cpuUsage !== undefined
}

answerCalls({
  async start(name, settings) {
    contestant = await startContestant(name, settings)
    if (contestant.cpuUsage !== undefined) meter.cpuUsage = contestant.cpuUsage
    return contestant.port
  },
  publish: (plan) => publishPaced(contestant, plan),
  prepare(count, bytes) {
    const make = payloads(bytes)
    return contestant.prepare(Array.from({ length: count }, (_, n) => make(n)))
  },
  profile: (wanted) => profiler.want(wanted),
  begin(options) {
    profiler.begin()
    meter.begin(options)
  },
  end() {
    const spent = meter.end()
    profiler.end()
    return isElsewhere() ? { ...spent, ...notOfThis } : spent
  },
  /** In microseconds, since the process began. */
  cpu: () => meter.cpuUsage(),
  memory: () => (isElsewhere() ? { used: Number.NaN, resident: Number.NaN } : memoryNow()),
  /** How many streams are open, of those contestants that tell. */
  openCount: () => contestant.openCount(),
})
