import {
  createChannel,
  createMemoryLog,
  type Entry,
  type EventLog,
  type Position,
  SseError,
} from '@rivulet/core'
import { makeChannel, publishAll, serve } from './live.ts'

/** A log that stores nothing before it is told to. */
function heldLog() {
  const log = createMemoryLog()
  const held: (() => void)[] = []
  const taken: string[] = []
  const append = (channel: string, entry: Entry): Promise<Position> => {
    taken.push(entry.data)
    return new Promise((resolve, reject) => {
      held.push(() => void log.append(channel, entry).then(resolve, reject))
    })
  }
  const wrapped: EventLog = {
    append,
    read: (...args) => log.read(...args),
    tail: (...args) => log.tail(...args),
    configure: (...args) => log.configure(...args),
    delete: (...args) => log.delete(...args),
    close: () => log.close(),
  }
  const release = () => {
    for (const store of held.splice(0)) store()
  }
  return { log: wrapped, taken, release }
}

test('stores events in the order of the calls, awaited or not', async () => {
  const channel = makeChannel()
  const server = await serve((stream) => stream.subscribe(channel, { from: 'start' }))
  await Promise.all(Array.from({ length: 50 }, (_each, index) => channel.publish({ data: index })))
  const client = server.connect()
  await client.hasData(50)
  expect(client.data).toEqual(Array.from({ length: 50 }, (_each, index) => String(index)))
})

test('gives the id that the event has on the wire', async () => {
  const channel = makeChannel()
  const server = await serve((stream) => stream.subscribe(channel))
  const client = server.connect()
  await client.has('$ready')
  const { id } = await channel.publish({ event: 'made', data: { n: 1 } })
  await client.hasData(1)
  expect(client.events.at(-1)).toEqual({ event: 'made', data: '{"n":1}', id })
  expect(id).toMatch(/^[A-Za-z0-9._-]{1,27}$/)
  expect(await channel.head()).toBe(id)
})

test('hands all that was published in one turn to the log before it waits for any', () => {
  const { log, taken, release } = heldLog()
  const channel = makeChannel({ log })
  for (const data of ['a', 'b', 'c']) void channel.publish({ data })
  expect(taken).toEqual(['a', 'b', 'c'])
  expect(channel.stats().pendingCount).toBe(3)
  release()
})

test('refuses more than may wait, and takes events again once the log has caught up', async () => {
  const { log, release } = heldLog()
  const channel = makeChannel({ log, maxPending: 2, maxPendingBytes: 100 })
  const first = [channel.publish({ data: 'a' }), channel.publish({ data: 'b' })]
  await expect(channel.publish({ data: 'c' })).rejects.toMatchObject({ code: 'ERR_SSE_PENDING_LIMIT' })
  release()
  await Promise.all(first)
  const large = channel.publish({ data: 'x'.repeat(90) })
  await expect(channel.publish({ data: 'x'.repeat(20) })).rejects.toMatchObject({
    code: 'ERR_SSE_PENDING_LIMIT',
  })
  release()
  await large
  const larger = channel.publish({ data: 'x'.repeat(200) })
  release()
  await larger
})

test('refuses an event that is too large', async () => {
  const channel = makeChannel({ maxEventBytes: 10 })
  await expect(channel.publish({ data: 'ääääää' })).rejects.toMatchObject({ code: 'ERR_SSE_EVENT_TOO_LARGE' })
  await channel.publish({ data: 'äääää' })
})

test.each([
  [{ data: undefined }, 'ERR_SSE_DATA'],
  [{ event: '$ready', data: 1 }, 'ERR_SSE_EVENT_RESERVED'],
  [{ event: 'a\nb', data: 1 }, 'ERR_SSE_EVENT'],
  [{ topics: [''], data: 1 }, 'ERR_SSE_TOPICS'],
  [{ idempotencyKey: '', data: 1 }, 'ERR_SSE_OPTION'],
])('rejects %j with %s', async (fields, code) => {
  await expect(makeChannel().publish(fields)).rejects.toMatchObject({ code })
})

test('gives up waiting after timeoutMs, and the event may still appear, once', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
  try {
    const { log, release } = heldLog()
    const channel = makeChannel({ log, timeoutMs: 1_000 })
    const failed = expect(channel.publish({ data: 'late' })).rejects.toMatchObject({
      code: 'ERR_SSE_TIMEOUT',
    })
    const patient = channel.publish({ data: 'patient' }, { timeoutMs: false })
    jest.advanceTimersByTime(1_100)
    await failed
    expect(channel.stats().pendingCount).toBe(2)
    release()
    await patient
    const { entries } = await log.read(channel.name, { after: 'start', limit: 10 })
    expect(entries.map(({ data }) => data)).toEqual(['late', 'patient'])
  } finally {
    jest.useRealTimers()
  }
})

test('gives up with the reason of its signal', async () => {
  const { log, release } = heldLog()
  const channel = makeChannel({ log })
  const controller = new AbortController()
  const reason = new Error('enough')
  const publishing = channel.publish({ data: 1 }, { signal: controller.signal })
  controller.abort(reason)
  await expect(publishing).rejects.toBe(reason)
  await expect(channel.publish({ data: 2 }, { signal: controller.signal })).rejects.toBe(reason)
  release()
})

test('rejects where a log says that it has an event, and not where', async () => {
  const { log } = heldLog()
  const channel = makeChannel({ log: { ...log, append: () => Promise.resolve(undefined as never) } })
  await expect(channel.publish({ data: 1 })).rejects.toThrow(TypeError)
  expect(channel.stats().pendingCount).toBe(0)
})

test('stores one event per idempotency key', async () => {
  const channel = makeChannel()
  const first = await channel.publish({ data: 1, idempotencyKey: 'k' })
  expect(await channel.publish({ data: 1, idempotencyKey: 'k' })).toEqual(first)
  expect(await channel.head()).toBe(first.id)
})

test('writes payloads as serialize says', async () => {
  const channel = makeChannel({ serialize: (data) => `<${String(data)}>` })
  const server = await serve((stream) => stream.subscribe(channel, { from: 'start' }))
  await publishAll(channel, [1])
  const client = server.connect()
  await client.hasData(1)
  expect(client.data).toEqual(['<1>'])
})

test('the same name on the same log is the same channel', () => {
  const log = createMemoryLog()
  const retention = { maxEvents: 5 }
  const channel = makeChannel({ log, retention }, 'same')
  expect(createChannel('same', { log })).toBe(channel)
  expect(createChannel('same', { log, retention })).toBe(channel)
  expect(createChannel('same', { log: createMemoryLog() })).not.toBe(channel)
  expect(() => createChannel('same', { log, retention: { maxEvents: 6 } })).toThrow(SseError)
})

test('a closed channel takes no more, and its name is free', async () => {
  const log = createMemoryLog()
  const channel = makeChannel({ log }, 'closed')
  channel.close()
  channel.close()
  await expect(channel.publish({ data: 1 })).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_CLOSED' })
  expect(createChannel('closed', { log })).not.toBe(channel)
})

test('a process that only publishes follows nothing', async () => {
  const log = createMemoryLog()
  const tail = jest.spyOn(log, 'tail')
  const read = jest.spyOn(log, 'read')
  await publishAll(makeChannel({ log }), [1, 2, 3])
  expect(tail).not.toHaveBeenCalled()
  expect(read).not.toHaveBeenCalled()
})
