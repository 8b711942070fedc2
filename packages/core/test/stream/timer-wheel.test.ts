import fc from 'fast-check'
import { TimerWheel, WheelEntry } from '../../src/stream/timer-wheel.ts'
import { useFakeClock } from './fake-clock.ts'

const tickMs = 16
const roundMs = 2048 * tickMs
const never = Number.POSITIVE_INFINITY

/** Notes when it was due, and does what it is told to then. */
class Entry extends WheelEntry {
  readonly firedAt: number[] = []
  constructor(readonly act: (entry: Entry, now: number) => number = () => never) {
    super()
  }

  onDue(now: number): number {
    this.firedAt.push(now)
    return this.act(this, now)
  }
}

/** Lets time pass. */
function pass(ms: number): void {
  jest.advanceTimersByTime(ms)
}

let wheel: TimerWheel
let start: number

beforeEach(() => {
  useFakeClock()
  wheel = new TimerWheel()
  start = performance.now()
})

function after(ms: number): number {
  return start + ms
}

function scheduled(ms: number, act?: (entry: Entry, now: number) => number): Entry {
  const entry = new Entry(act)
  wheel.schedule(entry, after(ms))
  return entry
}

test('a deadline is met once, never early, and at most two ticks late', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 3 * roundMs, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (delays) => {
        start = performance.now()
        const entries = delays.map((delay) => scheduled(delay))
        pass(3 * roundMs + 2 * tickMs)
        entries.forEach((entry, index) => {
          const due = start + (delays[index] ?? 0)
          expect(entry.firedAt).toHaveLength(1)
          expect(entry.firedAt[0]).toBeGreaterThanOrEqual(due)
          expect(entry.firedAt[0]).toBeLessThanOrEqual(due + 2 * tickMs)
        })
        expect(wheel.entryCount).toBe(0)
        expect(jest.getTimerCount()).toBe(0)
      },
    ),
    { numRuns: 30 },
  )
})

test('earlier deadlines come first, also across rounds', () => {
  const order: number[] = []
  const delays = [roundMs * 2 + 5, 100, roundMs + 100, 5000, 40, roundMs - 1, roundMs]
  for (const delay of delays) {
    scheduled(delay, () => {
      order.push(delay)
      return never
    })
  }
  pass(3 * roundMs)
  expect(order).toEqual([...delays].sort((a, b) => a - b))
})

test('a deadline in the past is met in the next tick', () => {
  const entry = scheduled(-1000)
  expect(entry.firedAt).toEqual([])
  pass(2 * tickMs)
  expect(entry.firedAt).toHaveLength(1)
})

test('an entry of a later round waits for its own', () => {
  const early = scheduled(100)
  const late = scheduled(100 + roundMs)
  pass(roundMs - tickMs)
  expect([early.firedAt.length, late.firedAt.length]).toEqual([1, 0])
  pass(100 + 3 * tickMs)
  expect(late.firedAt).toHaveLength(1)
})

test('one timer serves all, sleeps until there is something to do, and is off while there is nothing', () => {
  expect(jest.getTimerCount()).toBe(0)
  const entries = Array.from({ length: 1000 }, (_, index) => scheduled(10_000 + index * 5))
  expect(wheel.entryCount).toBe(1000)
  expect(jest.getTimerCount()).toBe(1)
  const wakes = jest.spyOn(globalThis, 'setTimeout')
  pass(9_900)
  expect(wakes).not.toHaveBeenCalled()
  wakes.mockRestore()
  for (const entry of entries.slice(500)) wheel.cancel(entry)
  pass(10_000)
  expect(entries.map((entry) => entry.firedAt.length)).toEqual([
    ...Array.from({ length: 500 }, () => 1),
    ...Array.from({ length: 500 }, () => 0),
  ])
  expect(wheel.entryCount).toBe(0)
  expect(jest.getTimerCount()).toBe(0)
})

test('the timer never keeps the process alive', () => {
  jest.useRealTimers()
  const timers: NodeJS.Timeout[] = []
  const original = globalThis.setTimeout
  const spy = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms: number) => {
    const timer = original(run, ms)
    timers.push(timer)
    return timer
  }) as typeof setTimeout) // of all its forms the wheel uses this one
  const entry = new Entry()
  wheel.schedule(entry, performance.now() + 60_000)
  spy.mockRestore()
  expect(timers.map((timer) => timer.hasRef())).toEqual([false])
  wheel.cancel(entry)
})

test('scheduling again moves', () => {
  const entry = scheduled(100)
  wheel.schedule(entry, after(5000))
  expect(wheel.entryCount).toBe(1)
  pass(4900)
  expect(entry.firedAt).toHaveLength(0)
  wheel.schedule(entry, after(4950))
  pass(200)
  expect(entry.firedAt).toHaveLength(1)
})

test('scheduling for never and cancelling take an entry out, as often as they like', () => {
  const entry = scheduled(100)
  wheel.schedule(entry, never)
  wheel.cancel(entry)
  wheel.cancel(new Entry())
  expect(wheel.entryCount).toBe(0)
  expect(jest.getTimerCount()).toBe(0)
  pass(1000)
  expect(entry.firedAt).toEqual([])
})

test('what a callback returns is the next deadline', () => {
  const entry = scheduled(100, (self, now) => (self.firedAt.length < 5 ? now + 1000 : never))
  pass(10_000)
  expect(entry.firedAt).toHaveLength(5)
  for (const [index, at] of entry.firedAt.entries()) {
    const before = entry.firedAt[index - 1]
    if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(1000)
  }
  expect(wheel.entryCount).toBe(0)
})

test('a callback that is due again at once does not run twice in one tick', () => {
  const entry = scheduled(100, (_, now) => now)
  pass(1000)
  expect(new Set(entry.firedAt).size).toBe(entry.firedAt.length)
  expect(entry.firedAt.length).toBeGreaterThan(10)
  expect(entry.firedAt.length).toBeLessThanOrEqual(1000 / tickMs)
})

describe('callbacks may change the wheel that is calling them', () => {
  test('cancel others that are due in the same tick', () => {
    const second = new Entry()
    const third = new Entry()
    scheduled(100, () => {
      wheel.cancel(second)
      return never
    })
    wheel.schedule(second, after(100))
    wheel.schedule(third, after(100))
    pass(1000)
    expect([second.firedAt.length, third.firedAt.length]).toEqual([0, 1])
    expect(wheel.entryCount).toBe(0)
  })

  test('move others and schedule new ones', () => {
    const moved = new Entry()
    const added = new Entry()
    scheduled(100, (_, now) => {
      wheel.schedule(moved, now + 500)
      wheel.schedule(added, now)
      return never
    })
    wheel.schedule(moved, after(100))
    pass(150)
    expect([moved.firedAt.length, added.firedAt.length]).toEqual([0, 1])
    pass(600)
    expect(moved.firedAt).toHaveLength(1)
  })

  test('cancel themselves, then be scheduled by what they return', () => {
    const entry = scheduled(100, (self, now) => {
      wheel.cancel(self)
      return self.firedAt.length === 1 ? now + 100 : never
    })
    pass(1000)
    expect(entry.firedAt).toHaveLength(2)
    expect(wheel.entryCount).toBe(0)
  })

  test('schedule themselves: what they return counts, if it is a time', () => {
    const returned = scheduled(100, (self, now) => {
      if (self.firedAt.length > 1) return never
      wheel.schedule(self, now + 50)
      return now + 500
    })
    const kept = scheduled(100, (self, now) => {
      if (self.firedAt.length === 1) wheel.schedule(self, now + 200)
      return never
    })
    pass(250)
    expect([returned.firedAt.length, kept.firedAt.length]).toEqual([1, 1])
    pass(250)
    expect([returned.firedAt.length, kept.firedAt.length]).toEqual([1, 2])
    pass(500)
    expect([returned.firedAt.length, kept.firedAt.length]).toEqual([2, 2])
  })

  test('empty the wheel and fill it again', () => {
    const entries = Array.from({ length: 20 }, () => new Entry())
    const late = new Entry()
    scheduled(100, (_, now) => {
      for (const entry of entries) wheel.cancel(entry)
      wheel.schedule(late, now + 100)
      return never
    })
    for (const entry of entries) wheel.schedule(entry, after(100))
    pass(1000)
    expect(late.firedAt).toHaveLength(1)
    expect(entries.every((entry) => entry.firedAt.length === 0)).toBe(true)
    expect(wheel.entryCount).toBe(0)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('throw: it is an unhandled rejection, and the others have their turn', () => {
    // Node would end the process over it, Jest the test.
    const rejected = jest.spyOn(Promise, 'reject').mockResolvedValue(undefined as never)
    const error = new Error('of one entry')
    scheduled(100, () => {
      throw error
    })
    const others = [scheduled(100), scheduled(100), scheduled(500), scheduled(roundMs + 100)]
    pass(2 * roundMs)
    expect(rejected.mock.calls).toEqual([[error]])
    rejected.mockRestore()
    expect(others.map((entry) => entry.firedAt.length)).toEqual([1, 1, 1, 1])
    expect(wheel.entryCount).toBe(0)
  })
})

test('after a long pause of the process everything that was due is served, in one go', () => {
  const due = [scheduled(50), scheduled(5000), scheduled(roundMs + 50), scheduled(3 * roundMs)]
  const later = scheduled(10 * roundMs)
  // The clock moves on without any timer being served, as when a laptop sleeps.
  const now = jest.spyOn(performance, 'now').mockReturnValue(after(5 * roundMs))
  jest.advanceTimersByTime(100)
  expect(due.map((entry) => entry.firedAt.length)).toEqual([1, 1, 1, 1])
  expect(later.firedAt).toEqual([])
  now.mockRestore()
  wheel.cancel(later)
})

test('cancelling and scheduling at random leaves nothing behind', () => {
  const step = fc.record({
    entry: fc.nat({ max: 9 }),
    delay: fc.integer({ min: -10, max: 2 * roundMs }),
    pass: fc.nat({ max: 5000 }),
    cancel: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const entries = Array.from({ length: 10 }, () => new Entry())
      const deadlines = new Map<Entry, number>()
      for (const { entry: index, delay, pass: ms, cancel } of steps) {
        const entry = entries[index]
        if (entry === undefined) continue
        if (cancel) {
          wheel.cancel(entry)
          deadlines.delete(entry)
        } else {
          const deadline = performance.now() + delay
          wheel.schedule(entry, deadline)
          deadlines.set(entry, deadline)
        }
        pass(ms)
        for (const [waiting, deadline] of deadlines) {
          if (performance.now() >= deadline + 2 * tickMs) deadlines.delete(waiting)
          else if (performance.now() < deadline) expect(waiting.wheelNext).not.toBe(null)
        }
      }
      pass(3 * roundMs)
      expect(wheel.entryCount).toBe(0)
      expect(jest.getTimerCount()).toBe(0)
    }),
    { numRuns: 40 },
  )
})
