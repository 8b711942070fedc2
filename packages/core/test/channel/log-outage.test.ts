import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SubscribeOptions } from '@rivulet/core'
import { kept } from '../../../../test/support/garbage.ts'
import { makeChannel, publishAll, serve } from './live.ts'
import { wrapRead } from './wrapped-log.ts'

const comingCount = 30

/** Time passes for what waits, and for nothing else. */
function fakeTimeouts() {
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date', 'setInterval'],
  })
}

afterEach(() => {
  jest.useRealTimers()
})

/** How the log does not answer. */
const outages: Record<string, (signal: AbortSignal | undefined) => Promise<never>> = {
  fails: () => Promise.reject(new Error('The log of this test failed.')),
  hangs: (signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
}

interface Case {
  /** Whether the client that stays has opened before the log is lost. */
  readonly isStarted: boolean
  readonly options: SubscribeOptions
  readonly cursor?: (ids: readonly string[], index: number) => string | undefined
}

const cases: Record<string, Case> = {
  'its own start': { isStarted: false, options: {} },
  'a snapshot': { isStarted: true, options: { snapshot: () => [] } },
  'a page of its own': { isStarted: true, options: {}, cursor: (ids, index) => ids[index] },
  'the page of others': { isStarted: true, options: {}, cursor: (ids) => ids[0] },
}

describe.each(Object.entries(outages))('a log that %s', (how, outage) => {
  test.each(Object.entries(cases))(
    'is not asked for %s by a client that has left, which is forgotten',
    async (_what, { isStarted, options, cursor }) => {
      let isDown = false
      let readCount = 0
      const log = wrapRead((read) => (channel, readOptions) => {
        readCount += 1
        return isDown ? outage(readOptions.signal) : read(channel, readOptions)
      })
      const channel = makeChannel({ log })
      const ids = await publishAll(
        channel,
        Array.from({ length: comingCount + 1 }, (_each, index) => `${index}`),
      )
      const server = await serve((stream) => stream.subscribe(channel, options))
      isDown = !isStarted
      const staying = server.connect()
      if (isStarted) await staying.has('$ready')
      else while (server.streams.length < 1) await nextTurn()
      fakeTimeouts()
      isDown = true
      const coming = Array.from({ length: comingCount }, (_each, index) =>
        server.connect(cursor?.(ids, index)),
      )
      while (channel.subscriberCount < comingCount + 1) await nextTurn()
      await jest.advanceTimersByTimeAsync(1_000)
      for (const client of coming) client.leave()
      while (channel.subscriberCount > 1) await nextTurn()
      const before = readCount
      await jest.advanceTimersByTimeAsync(60_000)
      // The channel is still to be started for the one that stays: 5 s at most between two tries, mostly less.
      const maxReads = isStarted || how === 'hangs' ? 0 : 200
      expect(readCount - before).toBeLessThanOrEqual(maxReads)
      const left = await kept(server.streams.splice(1).map((stream) => new WeakRef(stream)))
      expect(left.length).toBe(0)
      isDown = false
    },
  )
})

test('a log that has less than its tail has brought is not asked again and again', async () => {
  let isLying = false
  let readCount = 0
  const log = wrapRead((read) => async (channel, options) => {
    const result = await read(channel, options)
    if (!isLying || options.limit === 0) return result
    readCount += 1
    await nextTurn()
    return { ...result, entries: [], head: result.after.offset }
  })
  const channel = makeChannel({ log })
  const server = await serve((stream) => stream.subscribe(channel))
  const early = server.connect()
  await early.has('$ready')
  const all = Array.from({ length: 1_100 }, (_each, index) => `${index}`)
  const [first] = await publishAll(channel, all)
  await early.hasData(all.length)
  fakeTimeouts()
  isLying = true
  const late = server.connect(first)
  await late.has('$ready')
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
  expect(readCount).toBeLessThan(5)
  isLying = false
  await jest.advanceTimersByTimeAsync(10_000)
  await late.hasData(all.length - 1)
  expect(late.data).toEqual(all.slice(1))
})
