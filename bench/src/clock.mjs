const offsetMs = offset()

/** Milliseconds of the machine's monotonic clock: the same in every process, so that times of two can be compared. */
export function machineNow() {
  return performance.now() + offsetMs
}

/** Of the tries, that in which the two clocks were read closest to each other: a process may have to wait between them. */
function offset() {
  let best = { spreadMs: Number.POSITIVE_INFINITY, offsetMs: 0 }
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const before = performance.now()
    const machineMs = Number(process.hrtime.bigint()) / 1e6
    const after = performance.now()
    const spreadMs = after - before
    if (spreadMs < best.spreadMs) best = { spreadMs, offsetMs: machineMs - (before + after) / 2 }
  }
  return best.offsetMs
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
