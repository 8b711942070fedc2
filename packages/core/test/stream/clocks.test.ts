import { createChannel, type EventStream, SseError, type SseOptions } from '../../src/index.ts'
import { wheel } from '../../src/stream/timer-wheel.ts'
import { firstStream, serve } from '../sse/sse-server.ts'
import { pass, useFakeClock } from './fake-clock.ts'
import { closeOf, openStream, StreamClient } from './opened-stream.ts'
import { moreThanTheKernelTakes, openUnread } from './unread-client.ts'

const hour = 3_600_000

beforeEach(useFakeClock)
afterEach(() => {
  jest.restoreAllMocks()
})

/** Jitter with one value for all: 0 is -20 %, 0.5 is none, 1 (never quite reached) is +20 %. */
function withJitter(random: number): void {
  jest.spyOn(Math, 'random').mockReturnValue(random)
}

/** What the server wrote for itself meanwhile; the client has seen it all. */
async function writtenDuring(ms: number, stream: EventStream, client: StreamClient): Promise<string> {
  const before = client.received.length
  await pass(ms)
  const mark = `: seen at ${performance.now()}\n\n`
  stream.comment(mark.slice(2, -2))
  return (await client.until(mark)).slice(before, -mark.length)
}

/** When each of these streams writes from now on. */
function timesOfWrites(streams: Iterable<EventStream>): readonly number[] {
  const times: number[] = []
  for (const stream of streams) {
    const { socket } = Reflect.get(stream, 'response')
    const { write } = socket
    socket.write = (...given: unknown[]) => {
      times.push(performance.now())
      return Reflect.apply(write, socket, given)
    }
  }
  return times
}

describe('heartbeats', () => {
  test('S24: are comments, a period apart, while nothing is sent', async () => {
    withJitter(0.5)
    const { stream, client } = await openStream({ heartbeatMs: 10_000 })
    expect(await writtenDuring(9_900, stream, client)).toBe('retry: 0\n\n')
    expect(await writtenDuring(10_100, stream, client)).toBe(':\n\n')
    expect(await writtenDuring(31_000, stream, client)).toBe(':\n\n:\n\n:\n\n')
  })

  test('S24: come only when idle: whatever is sent starts the period anew', async () => {
    withJitter(0.5)
    const { stream, client } = await openStream({ heartbeatMs: 10_000 })
    const sends = [() => stream.send({ data: 1 }), () => stream.comment('x')]
    for (let count = 0; count < 20; count += 1) {
      await pass(9_000)
      sends[count % 2]?.()
    }
    await client.until(': x\n\n')
    expect(client.received).not.toContain(':\n\n')
    expect(await writtenDuring(10_100, stream, client)).toContain(':\n\n')
  })

  test('S25: every 15 seconds unless told otherwise', async () => {
    withJitter(0.5)
    const { opened, open } = firstStream()
    const server = await serve(open, {})
    const client = await StreamClient.connect(server.origin)
    const stream = await opened
    expect(await writtenDuring(14_900, stream, client)).toBe('retry: 3000\n\n')
    expect(await writtenDuring(15_100, stream, client)).toBe(':\n\n')
  })

  test.each([
    [0, 12_000, 12_235],
    [1, 17_765, 18_000],
  ])('S24: are jittered by a fifth: %p gives %p to %p ms', async (random, leastMs, mostMs) => {
    withJitter(random)
    const { stream, client } = await openStream({ heartbeatMs: 15_000 })
    expect(await writtenDuring(leastMs - 100, stream, client)).toBe('retry: 0\n\n')
    expect(await writtenDuring(mostMs + 100, stream, client)).toBe(':\n\n')
  })

  test('come together, at the end of a 64th of their time', async () => {
    const { server } = await openStream({ heartbeatMs: 64_000 })
    for (let count = 0; count < 9; count += 1) await StreamClient.connect(server.origin)
    const writes = timesOfWrites(server.sse.streams)
    await pass(80_000)
    expect(writes).toHaveLength(10)
    // The wheel is up to one of its ticks late.
    for (const at of writes) expect(at % 1_000).toBeLessThanOrEqual(17)
  })

  test('S24: streams opened together do not beat together', async () => {
    const { server } = await openStream({ heartbeatMs: 60_000 })
    for (let count = 0; count < 29; count += 1) await StreamClient.connect(server.origin)
    const writes = timesOfWrites(server.sse.streams)
    await pass(75_000)
    expect(writes).toHaveLength(30)
    expect(new Set(writes).size).toBeGreaterThan(8)
  })

  test('are not added to the backlog of a client that is behind', async () => {
    const { stream } = await openUnread({ heartbeatMs: 1000, stallMs: false })
    stream.send({ data: moreThanTheKernelTakes })
    const before = stream.bufferedBytes
    await pass(hour)
    expect(stream.bufferedBytes).toBe(before)
  })

  test('can be turned off, and then nothing is scheduled', async () => {
    const { stream, client } = await openStream({ heartbeatMs: false })
    expect(wheel.entryCount).toBe(0)
    expect(await writtenDuring(hour, stream, client)).toBe('retry: 0\n\n')
  })

  test('are over when the stream is', async () => {
    const { stream, client, server } = await openStream({ heartbeatMs: 1000 })
    expect(wheel.entryCount).toBe(1)
    stream.close()
    await client.ended()
    await pass(hour)
    expect(client.received).toBe('retry: 0\n\n')
    expect(wheel.entryCount).toBe(0)
    expect(server.sse.streams.size).toBe(0)
  })

  test('of any number of streams need one timer', async () => {
    const { server } = await openStream({ heartbeatMs: 15_000, maxAgeMs: hour, stallMs: 30_000 })
    for (let count = 0; count < 20; count += 1) await StreamClient.connect(server.origin)
    expect(server.sse.streams.size).toBe(21)
    expect(wheel.entryCount).toBe(21)
    // Node's own keep-alive timers are none of the global functions.
    expect(jest.getTimerCount()).toBe(1)
  })
})

describe('the retry hint', () => {
  test.each([
    [0, 2400],
    [0.5, 3000],
    [1, 3600],
  ])('is jittered by a fifth: %p gives %p', async (random, retryMs) => {
    withJitter(random)
    const { client } = await openStream({ retryMs: 3000 })
    expect(await client.until('\n\n')).toBe(`retry: ${retryMs}\n\n`)
  })

  test('is whole', async () => {
    withJitter(0.123456)
    const { client } = await openStream({ retryMs: 1001 })
    expect(await client.until('\n\n')).toMatch(/^retry: \d+\n\n$/)
  })

  test('turned off, the first bytes are a comment: the head goes out all the same', async () => {
    const { client } = await openStream({ retryMs: false })
    expect(await client.until('\n\n')).toBe(':\n\n')
  })
})

describe('maxAgeMs', () => {
  test.each([
    [0, 48 * 60_000],
    [0.5, hour],
    [1, 72 * 60_000],
  ])(
    'S36: rotates a stream, jittered by a fifth: %p gives %p ms, after a complete block',
    async (random, ageMs) => {
      withJitter(random)
      const { stream, client } = await openStream({ maxAgeMs: hour })
      await pass(ageMs - 100)
      expect(stream.closed).toBe(null)
      stream.send({ data: 'last' })
      await pass(200)
      expect(stream.closed).toBe('age')
      expect(await client.ended()).toBe('retry: 0\n\ndata: last\n\n')
      expect(client.isComplete).toBe(true)
    },
  )

  test.each([{}, { maxAgeMs: false } as const])(
    'is off for streams without a subscription: %p',
    async (options) => {
      const { stream } = await openStream(options)
      await pass(24 * hour)
      expect(stream.closed).toBe(null)
    },
  )

  test('a stream that was open for longer when it subscribed has some minutes', async () => {
    withJitter(0.5)
    const { stream } = await openStream()
    await pass(hour)
    await stream.subscribe(createChannel('of an old stream')).ready
    await pass(5 * 60_000 - 1000)
    expect(stream.closed).toBe(null)
    await pass(2000)
    expect(stream.closed).toBe('age')
  })

  test('S36: is half an hour for streams with a subscription, which resume exactly', async () => {
    withJitter(0.5)
    const { stream } = await openStream()
    const { stream: kept } = await openStream({ maxAgeMs: false })
    const channel = createChannel('of a stream that rotates')
    await pass(10 * 60_000)
    for (const one of [stream, kept]) await one.subscribe(channel).ready
    await pass(20 * 60_000 - 1000)
    expect(stream.closed).toBe(null)
    await pass(2000)
    expect(stream.closed).toBe('age')
    await pass(24 * hour)
    expect(kept.closed).toBe(null)
  })

  test('counts from the opening, whatever is sent', async () => {
    withJitter(0.5)
    const { stream } = await openStream({ maxAgeMs: 10_000, heartbeatMs: 3_000 })
    for (let count = 0; count < 9; count += 1) {
      await pass(1_000)
      stream.send({ data: count })
    }
    expect(stream.closed).toBe(null)
    await pass(1_100)
    expect(stream.closed).toBe('age')
  })
})

describe('expiresAt', () => {
  test.each<[string, (at: number) => Date | number]>([
    ['a Date', (at) => new Date(at)],
    ['milliseconds', (at) => at],
  ])('closes the stream at that time: %s', async (_kind, asOption) => {
    const { stream, client } = await openStream({ expiresAt: asOption(Date.now() + hour) })
    await pass(hour - 100)
    expect(stream.closed).toBe(null)
    await pass(200)
    expect(stream.closed).toBe('expired')
    expect(await client.ended()).toBe('retry: 0\n\n')
    expect(client.isComplete).toBe(true)
  })

  test('far in the future is far in the future', async () => {
    const { stream } = await openStream({ expiresAt: new Date(8.64e15), heartbeatMs: 15_000 })
    await pass(hour)
    expect(stream.closed).toBe(null)
  })

  test('in the past closes at once', async () => {
    const { stream } = await openStream({ expiresAt: Date.now() - 1 })
    await pass(100)
    expect(stream.closed).toBe('expired')
  })

  test('follows the wall clock when that is set', async () => {
    const { stream } = await openStream({ expiresAt: Date.now() + 2 * hour, heartbeatMs: 15_000 })
    await pass(hour)
    jest.setSystemTime(Date.now() + 2 * hour)
    await pass(20_000)
    expect(stream.closed).toBe('expired')
  })
})

test('whichever clock is due first closes, and only that', async () => {
  withJitter(0.5)
  const options: SseOptions = { heartbeatMs: 1000, maxAgeMs: 10_000, expiresAt: Date.now() + 10_000 }
  const { stream } = await openStream(options)
  const reasons: unknown[] = []
  stream.onClose((reason) => reasons.push(reason))
  const closed = closeOf(stream)
  await pass(60_000)
  expect(['age', 'expired']).toContain(await closed)
  expect(reasons).toHaveLength(1)
  expect(wheel.entryCount).toBeLessThanOrEqual(1)
})

test('a listener that throws in a clock’s turn is reported, and the other clocks go on', async () => {
  const reported: unknown[] = []
  const { stream, server } = await openStream({
    expiresAt: Date.now() + 1000,
    onError: (error) => {
      reported.push(error)
      throw new SseError('ERR_SSE_OPTION', 'an error handler that fails itself')
    },
  })
  const rejected = jest.spyOn(Promise, 'reject').mockResolvedValue(undefined as never)
  const other = await StreamClient.connect(server.origin)
  const error = new Error('in a listener')
  stream.onClose(() => {
    throw error
  })
  const told = closeOf(stream)
  await pass(2000)
  expect(await told).toBe('expired')
  expect(reported).toEqual([error])
  expect(rejected.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_SSE_OPTION' })]])
  rejected.mockRestore()
  await other.ended()
  expect(server.sse.streams.size).toBe(0)
  await pass(60_000)
  expect(wheel.entryCount).toBe(0)
})
