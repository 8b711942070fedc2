import { cpus, freemem, loadavg, totalmem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What one event carries. The page's charts (public/charts.js) read these names. */
export interface Sample {
  /** 1, 2, 3 … since the server started: the page proves with it that nothing is missing or doubled. */
  seq: number
  /** When it was measured, in milliseconds since 1970. */
  at: number
  /** Time the processors were busy since the sample before, of all cores together. */
  cpuPercent: number
  /** Processes that ran or waited to run, averaged over a minute; always 0 on Windows. */
  loadAverage: number
  memoryUsedBytes: number
  memoryTotalBytes: number
  /** Memory of this Node process. */
  processBytes: number
  /** How late the event loop was since the sample before: usually, and at worst. */
  loopMedianMs: number
  loopWorstMs: number
  /** Event streams that are open on this server. */
  openStreams: number
}

const resolutionMs = 10
const nanosecondsPerMs = 1e6

/** Starts measuring. Each `sample()` covers the time since the one before. */
export function measureFigures() {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  // The histogram holds the time between two ticks of a timer, so an idle loop shows the timer's own period.
  const latenessMs = (nanoseconds: number) =>
    delays.count === 0 ? 0 : round(Math.max(0, nanoseconds / nanosecondsPerMs - resolutionMs), 2)

  let seq = 0
  let before = processorTime()

  return {
    // To show a figure of your own, add it to Sample, measure it here and draw it in public/charts.js.
    sample(openStreams: number): Sample {
      const now = processorTime()
      const elapsed = now.total - before.total
      const busy = elapsed > 0 ? (now.busy - before.busy) / elapsed : 0
      before = now

      const total = totalmem()
      const loopMedianMs = latenessMs(delays.percentile(50))
      const loopWorstMs = latenessMs(delays.max)
      delays.reset()

      seq += 1
      return {
        seq,
        at: Date.now(),
        cpuPercent: round(busy * 100, 1),
        loadAverage: round(loadavg()[0] ?? 0, 2),
        memoryUsedBytes: total - freemem(),
        memoryTotalBytes: total,
        processBytes: process.memoryUsage.rss(),
        loopMedianMs,
        loopWorstMs,
        openStreams,
      }
    },
    stop(): void {
      delays.disable()
    },
  }
}

function processorTime(): { busy: number; total: number } {
  let busy = 0
  let total = 0
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq
    busy += used
    total += used + times.idle
  }
  return { busy, total }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
