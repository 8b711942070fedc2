const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Milliseconds of the machine's monotonic clock: the same in every process, so that times of two can be compared. */
export function machineNow() {
  return performance.now() + offsetMs
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
