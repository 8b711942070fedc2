import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

/** Node's own is a millisecond, in which a server writes to a hundred connections. */
const cpuIntervalUs = 200

const starts = {
  cpu: [
    ['Profiler.enable'],
    ['Profiler.setSamplingInterval', { interval: cpuIntervalUs }],
    ['Profiler.start'],
  ],
  heap: [['HeapProfiler.enable'], ['HeapProfiler.startSampling']],
}
const stops = { cpu: 'Profiler.stop', heap: 'HeapProfiler.stopSampling' }

/** Profiles of this process from `begin` to `end`: what comes before, such as loading the packages, is no part of a scenario. */
export class Profiler {
  #wanted = []
  #session = new Session()

  /** @param {readonly { kind: 'cpu' | 'heap', file: string }[]} wanted */
  want(wanted) {
    this.#wanted = wanted
    if (wanted.length > 0) this.#session.connect()
  }

  begin() {
    for (const { kind } of this.#wanted)
      for (const [method, params] of starts[kind]) this.#post(method, params)
  }

  end() {
    for (const { kind, file } of this.#wanted)
      writeFileSync(file, JSON.stringify(this.#post(stops[kind]).profile))
  }

  /** The inspector of one's own process answers at once. */
  #post(method, params) {
    let answer
    this.#session.post(method, params, (error, result) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
}
