import { Pace } from '../src/own/pace.ts'
import { SpareTime } from '../src/own/spare-time.ts'

let time = 0
let pace: Pace
beforeEach(() => {
  time = 0
  pace = new Pace(() => time, 10_000)
})

function take(...durations: readonly number[]): void {
  for (const tookMs of durations) {
    pace.watch(() => {
      time += tookMs
    })
  }
}

test('one thing in some dozens may be slow', () => {
  for (let round = 0; round < 100; round += 1) take(...Array<number>(20).fill(0.1), 30)
  expect(pace.isResting).toBe(false)
})

test('four slow ones in a row are too many, for 10 s', () => {
  take(6, 6, 6)
  expect(pace.isResting).toBe(false)
  take(6)
  expect(pace.isResting).toBe(true)
  time += 9_999
  expect(pace.isResting).toBe(true)
  time += 1
  expect(pace.isResting).toBe(false)
  take(6, 6, 6)
  expect(pace.isResting).toBe(false)
})

test('one of more than 100 ms is enough, also where it failed', () => {
  expect(() =>
    pace.watch(() => {
      time += 101
      throw new Error('disk')
    }),
  ).toThrow('disk')
  expect(pace.isResting).toBe(true)
})

/** Has it look at an event loop that sleeps, until it did so: on a busy machine one that could run has to wait, and that is no sleep. */
async function untilSlept(spareTime: SpareTime): Promise<void> {
  do {
    const stopLooking = spareTime.look()
    await new Promise((resolve) => setTimeout(resolve, 30))
    time += 1
    stopLooking()
  } while (!spareTime.isThere)
}

test('an event loop that slept while a quick disk was busy has time, for a while', async () => {
  const spareTime = new SpareTime(() => time)
  expect(spareTime.isThere).toBe(false)
  await untilSlept(spareTime)
  spareTime.spend(() => {
    time += 2
  })
  expect(spareTime.isThere).toBe(true)
  time += 498
  expect(spareTime.isThere).toBe(false)
})

test('what takes long ends it', async () => {
  const spareTime = new SpareTime(() => time)
  await untilSlept(spareTime)
  spareTime.spend(() => {
    time += 3
  })
  expect(spareTime.isThere).toBe(false)
})

test('an event loop that had other things to do, or a slow disk, has none', async () => {
  const spareTime = new SpareTime(() => time)
  const stopLooking = spareTime.look()
  const until = performance.now() + 30
  while (performance.now() < until) {
    // Busy.
  }
  await new Promise((resolve) => setImmediate(resolve))
  stopLooking()
  expect(spareTime.isThere).toBe(false)
  const stopLookingAgain = spareTime.look()
  await new Promise((resolve) => setTimeout(resolve, 30))
  time += 3
  stopLookingAgain()
  expect(spareTime.isThere).toBe(false)
})
