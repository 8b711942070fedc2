type Callback = (...args: unknown[]) => void

interface Timer {
  readonly handle: NodeJS.Timeout
  /** Node's own `refresh`. */
  readonly restart: () => void
  readonly delayMs: number
  readonly isRepeated: boolean
  /** By `performance.now()`. */
  dueAt: number
  /** Tells timers of one moment apart. */
  readonly order: number
  readonly run: () => void
}

/** A timer whose time has come. */
export interface DueTimer {
  readonly dueAt: number
  run(): void
}

const longestDelayMs = 2 ** 31 - 1

/**
 * Knows every timer that is started through the globals, so that it can run before its time. The timers are Node's own: each
 * can be cleared, unreferenced and refreshed as ever, and goes on when nobody tracks it any more.
 */
export class TrackedTimers {
  readonly #timers = new Map<number, Timer>()
  readonly #restore: (() => void)[] = []
  #startedCount = 0

  constructor() {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
    this.#replace('setTimeout', setTimeout, this.#starter(setTimeout, false))
    this.#replace('setInterval', setInterval, this.#starter(setInterval, true))
    this.#replace('clearTimeout', clearTimeout, this.#clearer(clearTimeout))
    this.#replace('clearInterval', clearInterval, this.#clearer(clearInterval))
  }

  /** The next timer that is due until then, if there is one. One that is not repeated is gone from here. */
  takeDue(until: number): DueTimer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers.values()) {
      if (timer.dueAt > until) continue
      if (next === undefined || timer.dueAt < next.dueAt || isEarlierStarted(timer, next)) next = timer
    }
    if (next === undefined) return undefined
    const { dueAt, handle, run } = next
    if (next.isRepeated) {
      next.dueAt += next.delayMs
      next.restart()
    } else {
      clearTimeout(handle)
    }
    return { dueAt, run }
  }

  restore(): void {
    for (const step of this.#restore) step()
    this.#timers.clear()
  }

  #starter(start: typeof setTimeout | typeof setInterval, isRepeated: boolean) {
    return (callback: Callback, delay?: number, ...args: unknown[]): NodeJS.Timeout => {
      const run = () => callback(...args)
      let key = Number.NaN
      const onTime = () => {
        const timer = this.#timers.get(key)
        if (timer !== undefined && isRepeated) timer.dueAt = performance.now() + timer.delayMs
        else this.#timers.delete(key)
        run()
      }
      const handle = start(onTime, delay)
      key = Number(handle)
      const delayMs = delay !== undefined && delay >= 1 && delay <= longestDelayMs ? delay : 1
      const dueAt = performance.now() + delayMs
      const restart = handle.refresh.bind(handle)
      this.#startedCount += 1
      const timer = { handle, restart, delayMs, isRepeated, dueAt, order: this.#startedCount, run }
      this.#timers.set(key, timer)
      handle.refresh = () => {
        timer.dueAt = performance.now() + delayMs
        this.#timers.set(key, timer)
        restart()
        return handle
      }
      return handle
    }
  }

  #clearer(clear: typeof clearTimeout) {
    return (handle?: NodeJS.Timeout | string | number): void => {
      this.#timers.delete(Number(handle))
      clear(handle)
    }
  }

  /** What Node keeps with its functions, such as the promise form, stays theirs. */
  #replace(
    name: 'setTimeout' | 'setInterval' | 'clearTimeout' | 'clearInterval',
    real: object,
    fake: object,
  ): void {
    Object.defineProperties(fake, Object.getOwnPropertyDescriptors(real))
    Object.assign(globalThis, { [name]: fake })
    this.#restore.push(() => Object.assign(globalThis, { [name]: real }))
  }
}

function isEarlierStarted(timer: Timer, other: Timer): boolean {
  return timer.dueAt === other.dueAt && timer.order < other.order
}
