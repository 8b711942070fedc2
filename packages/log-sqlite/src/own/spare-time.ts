import { performance } from 'node:perf_hooks'

/** A disk that takes longer, with the way to another thread and back, is waited for there: what that way costs is little beside it. */
const quickMs = 2
/** Of the time of a sync, asleep. To begin and to end it takes about a third of a quick one. */
const idleShare = 0.5
/** How long what was seen holds. */
const trustMs = 500

/**
 * Whether the event loop would sleep anyway while the disk is busy. To have another thread wait for it takes two threads that wake each other,
 * which costs as much again as a quick disk takes; so where nothing else is to be done it is waited for at once.
 */
export class SpareTime {
  readonly #now: () => number
  #until = Number.NEGATIVE_INFINITY

  /** @param now A clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  get isThere(): boolean {
    return this.#now() < this.#until
  }

  /** Does something in it. Where it takes long, nothing is known any more. */
  spend(work: () => void): void {
    const startedAt = this.#now()
    work()
    if (this.#now() - startedAt > quickMs) this.#until = Number.NEGATIVE_INFINITY
  }

  /** Looks at what the event loop does from now on until the function that this gives is called: while another thread waits for the disk. */
  look(): () => void {
    const startedAt = this.#now()
    const before = performance.eventLoopUtilization()
    return () => {
      const endedAt = this.#now()
      const { idle, active } = performance.eventLoopUtilization(before)
      const wasIdle = idle > 0 && idle >= idleShare * (idle + active)
      this.#until = wasIdle && endedAt - startedAt <= quickMs ? endedAt + trustMs : Number.NEGATIVE_INFINITY
    }
  }
}
