import { asFailure, type Failure } from '../file/failure.ts'

/** Something to do with the file. It is done again while another connection is in the way. */
export interface Job {
  work(): void
  /** Until when to try, by `performance.now()`. */
  readonly until: number
  fail(failure: Failure): void
}

/** Another process that waits for the lock looks for it every few milliseconds: it has to be free sometimes. */
const longestStreakMs = 50
const restMs = 2
/** A pause as long as that lets others in by itself. */
const pauseMs = 1
/** How long to wait for a lock, from … to at most, in milliseconds: at first, and where it is held for long. */
const shortWait = { below: 100, maxMs: 4 }
const longWait = { maxMs: 25 }

/** Jobs one after the other, each in a turn of its own, so that others and what comes in have theirs. */
export class Lane {
  readonly #jobs: Job[] = []
  #waiting: { cancel(): void } | null = null
  /** Since when jobs have been done without a pause, and until when. */
  #streakSince = 0
  #streakUntil = 0
  #busySince: number | null = null
  #isWorking = false

  /** What nothing is in front of is done at once, for as long as nothing has to rest. */
  add(job: Job): void {
    this.#jobs.push(job)
    if (this.#isWorking || this.#waiting !== null) return
    this.#step()
  }

  /** Nothing more is done; what waits fails. */
  close(failure: Failure): void {
    this.#waiting?.cancel()
    for (const job of this.#jobs.splice(0)) job.fail(failure)
  }

  #step(): void {
    this.#waiting = null
    const [job] = this.#jobs
    if (job === undefined) return
    if (this.#mustRest()) {
      this.#waiting = later(restMs, () => this.#step())
      return
    }
    this.#isWorking = true
    const failure = attempt(job)
    this.#isWorking = false
    if (failure?.isPassing && performance.now() < job.until) {
      this.#waiting = later(this.#waitMs(), () => this.#step())
      return
    }
    this.#busySince = null
    this.#streakUntil = performance.now()
    this.#jobs.shift()
    if (failure !== undefined) job.fail(failure)
    if (this.#jobs.length > 0) this.#waiting ??= soon(() => this.#step())
  }

  #mustRest(): boolean {
    const now = performance.now()
    if (now - this.#streakUntil > pauseMs) this.#streakSince = now
    if (now - this.#streakSince < longestStreakMs) return false
    this.#streakUntil = 0
    return true
  }

  #waitMs(): number {
    const now = performance.now()
    this.#busySince ??= now
    const { maxMs } = now - this.#busySince < shortWait.below ? shortWait : longWait
    return 1 + Math.random() * (maxMs - 1)
  }
}

function attempt(job: Job): Failure | undefined {
  try {
    job.work()
    return undefined
  } catch (error) {
    return asFailure(error)
  }
}

function soon(work: () => void): { cancel(): void } {
  const immediate = setImmediate(work)
  return { cancel: () => clearImmediate(immediate) }
}

function later(delayMs: number, work: () => void): { cancel(): void } {
  const timer = setTimeout(work, delayMs)
  return { cancel: () => clearTimeout(timer) }
}
