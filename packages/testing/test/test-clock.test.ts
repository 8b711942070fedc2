import type { RequestListener } from 'node:http'
import { createChannel, createSse, type StreamOptions } from '@rivulet/core'
import { createTestClient, createTestClock, type TestClient, type TestClock } from '@rivulet/testing'

const events = createSse()
const orders = createChannel('orders')
let clock: TestClock
let client: TestClient | undefined

beforeEach(() => {
  clock = createTestClock()
})

afterEach(async () => {
  await client?.close()
  clock.restore()
})

afterAll(() => orders.close())

async function connect(options: StreamOptions = {}): Promise<TestClient> {
  const app: RequestListener = (request, response) => {
    events.open(request, response, options).subscribe(orders)
  }
  client = createTestClient(app, '/')
  await client.connect()
  await client.next('$ready')
  return client
}

test('heartbeats come as soon as their time has passed, and not before', async () => {
  const ada = await connect()
  for (let beat = 1; beat <= 3; beat += 1) {
    await clock.advance(15_000 * 0.8 - 100)
    expect(ada.comments).toHaveLength(beat - 1)
    await clock.advance(15_000 * 0.4 + 200)
    expect(await ada.nextComment()).toBe('')
    // Every stream has an interval of its own: begin the next round right after a beat.
    await orders.publish({ data: beat })
    await ada.next()
  }
})

test('half an hour passes in a moment, with all its heartbeats, and ends the stream by its age', async () => {
  const ada = await connect()
  const startedAt = process.hrtime.bigint()
  await clock.advance(30 * 60_000 * 1.2)
  expect(await ada.disconnected()).toBe('ended')
  expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(2_000)
  // 24 to 36 minutes, and a beat each 12 to 18 s.
  expect(ada.comments.length).toBeGreaterThanOrEqual((24 * 60) / 18 - 2)
  expect(ada.comments.length).toBeLessThanOrEqual((36 * 60) / 12)
  await ada.connect()
  expect((await ada.next('$ready')).json()).toMatchObject({ resumed: true })
})

test('a stream expires with its token', async () => {
  const ada = await connect({
    expiresAt: new Date(Date.now() + 3_600_000),
    maxAgeMs: false,
    heartbeatMs: false,
  })
  await clock.advance(3_599_000)
  expect(ada.state).toBe('open')
  await clock.advance(1_100)
  expect(await ada.disconnected()).toBe('ended')
})

test('timers of the test run in order, each at its time', async () => {
  const startedAt = Date.now()
  const ran: [string, number][] = []
  const note = (name: string) => ran.push([name, Math.round((Date.now() - startedAt) / 100) * 100])
  const interval = setInterval(note, 400, 'interval')
  setTimeout(note, 1_000, 'one')
  setTimeout(() => {
    note('two')
    setTimeout(note, 100, 'three')
  }, 500)
  const cleared = setTimeout(note, 100, 'cleared')
  clearTimeout(cleared)
  const refreshed = setTimeout(note, 900, 'refreshed')
  await clock.advance(300)
  refreshed.refresh()
  await clock.advance(800)
  clearInterval(interval)
  await clock.advance(5_000)
  expect(ran).toEqual([
    ['interval', 400],
    ['two', 500],
    ['three', 600],
    ['interval', 800],
    ['one', 1_000],
    ['refreshed', 1_200],
  ])
})

test('after restore timers go on by real time, and the clocks are what they were', async () => {
  const { setTimeout: fake } = globalThis
  const ticked = new Promise((resolve) => setTimeout(resolve, 50))
  const monotonic = performance.now()
  await clock.advance(20)
  expect(performance.now()).toBeGreaterThanOrEqual(monotonic + 20)
  clock.restore()
  clock.restore()
  expect(globalThis.setTimeout).not.toBe(fake)
  await ticked
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(performance.now()).toBeGreaterThanOrEqual(monotonic + 50)
})

test('the date is a date', async () => {
  const before = Date.now()
  await clock.advance(86_400_000)
  const date = new Date()
  expect(date).toBeInstanceOf(Date)
  expect(date.getTime() - before).toBeGreaterThanOrEqual(86_400_000)
  expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z')
  expect(Date.UTC(2026, 0)).toBe(new Date('2026-01-01T00:00:00Z').getTime())
  expect(Math.abs(Date.parse(Date()) - date.getTime())).toBeLessThan(2_000)
})

test('misuse is refused', async () => {
  expect(() => createTestClock()).toThrow(expect.objectContaining({ code: 'ERR_SSE_OPTION' }))
  await expect(clock.advance(-1)).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
  clock.restore()
  jest.useFakeTimers()
  expect(() => createTestClock()).toThrow(expect.objectContaining({ code: 'ERR_SSE_OPTION' }))
  jest.useRealTimers()
  using another = createTestClock()
  await another.advance(1)
})
