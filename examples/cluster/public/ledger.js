// The books of what came: what is missing, what came twice.

/** Counts one sequence of numbers without holes. */
export function createSequence() {
  let last = null
  return {
    missing: 0,
    twice: 0,
    arrived: 0,
    /** Goes on after this number: what came before it, came as a state. */
    startAfter(number) {
      last = number
    },
    /** @returns whether it is new. */
    take(number) {
      if (last !== null && number <= last) {
        this.twice += 1
        return false
      }
      // The first one that a page hears may be any.
      if (last !== null) this.missing += number - last - 1
      last = number
      this.arrived += 1
      return true
    },
    get last() {
      return last
    },
  }
}

/** All sequences of a page: the orders, and the pulses of each run of each node. */
export function createLedger() {
  const orders = createSequence()
  const runs = new Map()
  const all = () => [orders, ...runs.values()]
  const total = (name) => all().reduce((sum, sequence) => sum + sequence[name], 0)
  return {
    orders,
    pulsesOf(run) {
      if (!runs.has(run)) runs.set(run, createSequence())
      return runs.get(run)
    },
    totals: () => ({ arrived: total('arrived'), missing: total('missing'), twice: total('twice') }),
  }
}
