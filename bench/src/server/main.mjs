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
  begin() {
    profiler.begin()
    meter.begin()
  },
  end() {
    const spent = meter.end()
    profiler.end()
    return spent
  },
  /** In microseconds, since the process began. */
  cpu: () => meter.cpuUsage(),
  memory: () => memoryNow(),
})
