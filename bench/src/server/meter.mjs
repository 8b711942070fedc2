import { readFileSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { median } from '../statistics.mjs'

const delayResolutionMs = 5
const sampleMs = 50

/** Memory in bytes after everything that can be collected was. */
export async function memoryNow() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.()
    await nextTurn()
  }
  return { used: usedBytes(), resident: process.memoryUsage.rss() }
}

function usedBytes() {
  const { heapUsed, external } = process.memoryUsage()
  // `external` has the array buffers in it.
  return heapUsed + external
}

/** CPU, event-loop delay and memory from `begin` to `end`. */
export class Meter {
  /** Of the process that does the work; in microseconds. */
  cpuUsage = () => process.cpuUsage()
  #cpu
  #delay = monitorEventLoopDelay({ resolution: delayResolutionMs })
  #startedAt = 0
  #sampler
  #samples = []

  /** @param {{ isQuiet?: boolean }} [options] `isQuiet`: wakes the process for nothing; neither delay nor memory in between is measured. */
  begin({ isQuiet = false } = {}) {
    resetPeakResident()
    this.#samples = []
    this.#delay.reset()
    if (!isQuiet) {
      this.#sampler = setInterval(() => this.#samples.push(usedBytes()), sampleMs)
      this.#delay.enable()
    }
    this.#startedAt = performance.now()
    this.#cpu = this.cpuUsage()
  }

  end() {
    const { user, system } = this.cpuUsage()
    const elapsedMs = performance.now() - this.#startedAt
    this.#delay.disable()
    clearInterval(this.#sampler)
    return {
      userUs: user - this.#cpu.user,
      systemUs: system - this.#cpu.system,
      elapsedMs,
      delayP99Ms: beyondPeriod(this.#delay.percentile(99)),
      delayMaxMs: beyondPeriod(this.#delay.max),
      peakUsedBytes: Math.max(...this.#samples, usedBytes()),
      grownUsedBytes: growth(this.#samples),
      peakResidentBytes: peakResidentBytes(),
    }
  }
}

/** From the first third of the time to the last. */
function growth(samples) {
  const third = Math.ceil(samples.length / 3)
  return median(samples.slice(-third)) - median(samples.slice(0, third))
}

/** The histogram has whole intervals of its timer: what is beyond the timer's period is delay. */
function beyondPeriod(nanoseconds) {
  return Math.max(nanoseconds / 1e6 - delayResolutionMs, 0)
}

function resetPeakResident() {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Not Linux: the peak is that of the whole process.
  }
}

function peakResidentBytes() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
