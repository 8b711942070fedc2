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

test('what is to be kept of a channel outlives its deletion', async () => {
  const log = createMemoryLog()
  const channel = createChannel('deleted', { log, retention: { maxEvents: 2 } })
  for (let count = 0; count < 4; count += 1) await channel.publish({ data: count })
  await channel.delete()
  for (let count = 0; count < 4; count += 1) await channel.publish({ data: count })
  expect(await countOf(log, 'deleted')).toBe(2)
})
