import { SseError } from '@rivulet/core'
import { ShiftedTime } from './shifted-time.ts'
import { TrackedTimers } from './tracked-timers.ts'

/** Time that a test can let pass at once. */
export interface TestClock {
  /**
   * Lets time pass in a moment: whatever is due in it happens, in order, each at its time. In between sockets are served, so
   * what a timer has written is on its way when the promise resolves; wait for it with a client.
   *
   * @param ms Milliseconds, 0 or more.
   * @throws (rejects) with SseError `ERR_SSE_OPTION`; with what a timer throws.
   */
  advance(ms: number): Promise<void>
  /** Gives the real timers back. Timers that wait go on by real time. Once is enough; more does nothing. */
  restore(): void
  /** `using clock = createTestClock()` restores at the end of the block. */
  [Symbol.dispose](): void
}

let isInUse = false

/**
 * Takes hold of the time of this process: `advance(ms)` moves `Date`, `performance.now()` and every `setTimeout` and
 * `setInterval` of the global object that was started since. All heartbeats, rotation, expiry and time-outs of Rivulet depend
 * on these, so half an hour of a stream takes a moment.
 *
 * Time goes on by itself as well, so nothing has to be advanced that a test does not care about. Sockets, promises,
 * `setImmediate`, `node:timers` and the time-outs of `collect()` and `createTestClient()` keep real time. Durations of Rivulet
 * vary by ±20 % from stream to stream: advance by 1.2 times what was set to be sure that it is over, by less than 0.8 times to be
 * sure that it is not.
 *
 * Create it before the streams whose time it shall be. After `restore()` the date is the real one again; `performance.now()`
 * keeps what has passed, because deadlines hang on it and it never goes back. Works with every test runner, not together with
 * its own fake timers.
 *
 * @throws SseError `ERR_SSE_OPTION` where there is one already, or a runner's fake timers.
 */
export function createTestClock(): TestClock {
  if (isInUse || 'isFake' in Date || 'clock' in setTimeout) {
    throw new SseError('ERR_SSE_OPTION', 'createTestClock(): restore the fake timers that are there first.')
  }
  isInUse = true
  const time = new ShiftedTime()
  const timers = new TrackedTimers()
  let isRestored = false
  const restore = () => {
    if (isRestored) return
    isRestored = true
    isInUse = false
    timers.restore()
    time.restore()
  }
  return {
    async advance(ms) {
      if (!(Number.isFinite(ms) && ms >= 0)) {
        const rule = `advance() takes a number of milliseconds ≥ 0, not ${String(ms)}.`
        throw new SseError('ERR_SSE_OPTION', rule, { value: ms })
      }
      const end = performance.now() + ms
      for (let next = timers.takeDue(end); next !== undefined; next = timers.takeDue(end)) {
        time.shift(next.dueAt - performance.now())
        next.run()
        await ioIsServed()
      }
      time.shift(end - performance.now())
      await ioIsServed()
    },
    restore,
    [Symbol.dispose]: restore,
  }
}

/** What was written has gone to the sockets, and what these brought was read. */
function ioIsServed(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
