/** How far the monotonic clock is ahead of the real one, kept with it: a test runner's realms share one. */
const shiftKey = Symbol.for('@rivulet/testing.shiftMs')

type ShiftedNow = (() => number) & { [shiftKey]?: { ms: number } }

/** The clocks of this process, moved ahead. */
export class ShiftedTime {
  readonly #realDate = Date
  /** Ahead of the real date. */
  #shiftMs = 0
  readonly #monotonic = shiftOfMonotonicClock()

  constructor() {
    globalThis.Date = this.#shiftedDate()
  }

  /** @param ms Nothing happens where it is negative: time went on by itself meanwhile. */
  shift(ms: number): void {
    if (ms <= 0) return
    this.#shiftMs += ms
    this.#monotonic.ms += ms
  }

  restore(): void {
    globalThis.Date = this.#realDate
  }

  #shiftedDate(): DateConstructor {
    const now = () => this.#realDate.now() + Math.round(this.#shiftMs)
    return new Proxy(this.#realDate, {
      // `Date()` without `new` gives a text.
      apply: (target) => new target(now()).toString(),
      construct: (target, args, newTarget) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
      get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
    })
  }
}

function shiftOfMonotonicClock(): { ms: number } {
  const current: ShiftedNow = performance.now
  const known = current[shiftKey]
  if (known !== undefined) return known
  const shift = { ms: 0 }
  const realNow = performance.now.bind(performance)
  const shiftedNow: ShiftedNow = () => realNow() + shift.ms
  shiftedNow[shiftKey] = shift
  performance.now = shiftedNow
  return shift
}
