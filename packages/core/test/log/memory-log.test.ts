import { createChannel, createMemoryLog, type Entry } from '@rivulet/core'
import { describeLog } from '@rivulet/testing'

describeLog('the in-memory log', () => ({ open: () => createMemoryLog() }), {
  describe,
  test,
  lacks: {
    share: 'it is the memory of one process',
    interrupt: 'there is no connection',
    rollBack: 'memory is lost whole or not at all',
  },
})

function entryOf(bytes: number): Entry {
  return { v: 1, kind: 'event', data: 'x'.repeat(bytes), topics: [], at: Date.now(), check: 'abcd' }
}

async function countOf(log: ReturnType<typeof createMemoryLog>, channel: string): Promise<number> {
  return (await log.read(channel, { after: 'start', limit: 1_000 })).entries.length
}

describe('memory for all channels together', () => {
  test('is taken from the channels appended to longest ago', async () => {
    const log = createMemoryLog({ maxTotalBytes: 64 * 1024 })
    for (const channel of ['old', 'middle', 'new']) {
      for (let count = 0; count < 2; count += 1) await log.append(channel, entryOf(10_000))
    }
    expect(await countOf(log, 'old')).toBe(2)
    await log.append('new', entryOf(20_000))
    expect(await Promise.all(['old', 'middle', 'new'].map((channel) => countOf(log, channel)))).toEqual([
      0, 2, 3,
    ])
    // Who had everything still has: nothing was lost to a client at the head.
    const { after } = await log.read('old', { after: 'head', limit: 0 })
    expect(await log.read('old', { after, limit: 1 })).not.toHaveProperty('invalid')
    await log.close()
  })

  test('is not used up by channels that were emptied or deleted', async () => {
    const log = createMemoryLog({ maxTotalBytes: 64 * 1024 })
    for (let count = 0; count < 50; count += 1) await log.append(`job ${count}`, entryOf(20_000))
    await log.delete('job 49')
    await log.append('last', entryOf(40_000))
    expect(await countOf(log, 'last')).toBe(1)
    expect(await countOf(log, 'job 48')).toBe(1)
    expect(await countOf(log, 'job 40')).toBe(0)
    await log.close()
  })
})

describe('what is kept of channels that nobody uses', () => {
  /** A channel is fresh for 10 s, and channels are looked at for `idleMs` once in a minute. */
  let passedMs = 0
  beforeEach(() => {
    passedMs = 0
    const now = performance.now.bind(performance)
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs)
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('of channels without events the 10,000 used last, but for those that somebody follows', async () => {
    const log = createMemoryLog()
    const epochOf = async (channel: string) => (await log.read(channel, { after: 'head', limit: 0 })).epoch
    const controller = new AbortController()
    const { after } = await log.read('followed', { after: 'head', limit: 0 })
    const reset = jest.fn()
    const ended = log.tail(
      'followed',
      { after, signal: controller.signal },
      { entries() {}, reset, error() {} },
    )
    const first = await epochOf('channel 0')
    for (let count = 1; count < 10_000; count += 1) await epochOf(`channel ${count}`)
    const last = await epochOf('channel 9999')
    passedMs += 11_000
    expect(await epochOf('channel 0')).toBe(first)
    for (let count = 0; count < 9_999; count += 1) await epochOf(`other ${count}`)
    expect(await epochOf('channel 9999')).not.toBe(last)
    expect(reset).not.toHaveBeenCalled()
    expect(await epochOf('followed')).toBe(after.epoch)
    controller.abort()
    await ended
    await log.close()
  })

  test('idempotency keys count as memory, and for two minutes only', async () => {
    const log = createMemoryLog({ maxTotalBytes: 200 * 1024 })
    await log.append('filled', entryOf(10_000))
    const key = (count: number) => `${count}`.padStart(250, 'k')
    for (let count = 0; count < 200; count += 1) {
      await log.append('keyed', entryOf(0), { idempotencyKey: key(count) })
    }
    expect(await countOf(log, 'filled')).toBe(1)
    for (let count = 200; count < 300; count += 1) {
      await log.append('keyed', entryOf(0), { idempotencyKey: key(count) })
    }
    expect(await countOf(log, 'filled')).toBe(0)
    passedMs += 121_000
    await log.append('filled', entryOf(10_000))
    // Looked at meanwhile, without another key.
    for (let count = 0; count < 10; count += 1) await log.append('other', entryOf(10_000))
    expect(await countOf(log, 'filled')).toBe(1)
    await log.close()
  })
})

test('what is to be kept of a channel outlives its deletion', async () => {
  const log = createMemoryLog()
  const channel = createChannel('deleted', { log, retention: { maxEvents: 2 } })
  for (let count = 0; count < 4; count += 1) await channel.publish({ data: count })
  await channel.delete()
  for (let count = 0; count < 4; count += 1) await channel.publish({ data: count })
  expect(await countOf(log, 'deleted')).toBe(2)
})
