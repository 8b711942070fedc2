import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type ChannelDeliverMessage,
  type ChannelPublishMessage,
  type ChannelReplayMessage,
  type ChannelSlowMessage,
  createMemoryLog,
  createSse,
  type EventLog,
  type LogReconnectMessage,
  SseError,
  type TailHandlers,
} from '@rivulet/core'
import { makeChannel, publishAll, serve } from './live.ts'

const stops: (() => void)[] = []

afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** What a diagnostics channel says from now on until the test is over. */
function listen<Message>(name: string) {
  const messages: Message[] = []
  let wake = () => {}
  const listener = (message: unknown) => {
    messages.push(message as Message) // as the channel documents it
    wake()
  }
  subscribe(name, listener)
  stops.push(() => unsubscribe(name, listener))
  return {
    messages,
    async first(): Promise<Message> {
      for (;;) {
        const [message] = messages
        if (message !== undefined) return message
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

test('rivulet:channel.publish tells what the log has stored, and what it has not', async () => {
  const { messages } = listen<ChannelPublishMessage>('rivulet:channel.publish')
  const failure = new SseError('ERR_SSE_LOG_ENGINE', 'The disk is full.')
  const log = createMemoryLog()
  const channel = makeChannel({ log })
  await channel.publish({ event: 'made', data: 'ä', topics: ['t'] })
  log.append = () => Promise.reject(failure)
  await expect(channel.publish({ data: 1 })).rejects.toBe(failure)
  const common = { channel: channel.name, durationMs: expect.any(Number) }
  expect(messages).toEqual([
    { ...common, event: 'made', topics: ['t'], byteCount: 2, error: undefined },
    { ...common, event: undefined, topics: [], byteCount: 1, error: failure },
  ])
})

test('rivulet:channel.replay tells how much a client that came back had missed; nothing for one that had not', async () => {
  const replays = listen<ChannelReplayMessage>('rivulet:channel.replay')
  const channel = makeChannel()
  const server = await serve((stream) => stream.subscribe(channel))
  const [, second] = await publishAll(channel, [1, 2, 3, 4, 5])
  const current = server.connect()
  await current.has('$ready')
  await server.connect(second).hasData(3)
  const replay = await replays.first()
  expect(replay).toEqual({
    stream: server.streams[1],
    channel: channel.name,
    length: 3,
    durationMs: expect.any(Number),
  })
  await publishAll(channel, [6])
  await current.hasData(1)
  expect(replays.messages).toHaveLength(1)
})

test('rivulet:channel.slow tells once that a reader does not keep up', async () => {
  const slow = listen<ChannelSlowMessage>('rivulet:channel.slow')
  const channel = makeChannel({ retention: { maxBytes: 64 * 1024 * 1024 } })
  const server = await serve((stream) => stream.subscribe(channel))
  const client = server.connect()
  await client.has('$ready')
  client.pause()
  const large = 'x'.repeat(512 * 1024)
  let count = 0
  while (slow.messages.length === 0) {
    count += 1
    await publishAll(channel, [`${count} ${large}`])
    await new Promise((resolve) => setImmediate(resolve))
  }
  await publishAll(channel, [large, large])
  expect(slow.messages).toEqual([
    { stream: server.streams[0], channel: channel.name, behind: expect.any(Number) },
  ])
  expect(slow.messages[0]?.behind).toBeGreaterThan(0)
  client.resume()
  await client.hasData(count + 2)
})

test('rivulet:channel.deliver tells how long events take to their readers; nothing where there are none', async () => {
  const delivered = listen<ChannelDeliverMessage>('rivulet:channel.deliver')
  const channel = makeChannel()
  const server = await serve((stream) => stream.subscribe(channel, { topics: ['t'] }))
  const client = server.connect()
  await client.has('$ready')
  await publishAll(channel, ['for nobody'], ['u'])
  await publishAll(channel, ['for one'], ['t'])
  await client.hasData(1)
  const { logLagMs, latencyMs, fanOutMs, ...rest } = await delivered.first()
  expect(rest).toEqual({ channel: channel.name, entryCount: 1 })
  expect(delivered.messages).toHaveLength(1)
  expect(logLagMs).toBeGreaterThanOrEqual(0)
  expect(fanOutMs).toBeGreaterThanOrEqual(0)
  expect(latencyMs).toBeCloseTo(logLagMs + fanOutMs)
})

test('a log out of reach is a reason not to be ready, until rivulet:log.reconnect tells that it is back', async () => {
  const reconnects = listen<LogReconnectMessage>('rivulet:log.reconnect')
  const memory = createMemoryLog()
  let tail: TailHandlers | undefined
  const log: EventLog = {
    append: (...args) => memory.append(...args),
    read: (...args) => memory.read(...args),
    configure: (...args) => memory.configure(...args),
    delete: (...args) => memory.delete(...args),
    close: () => memory.close(),
    tail(name, options, handlers) {
      tail = handlers
      return memory.tail(name, options, handlers)
    },
  }
  const channel = makeChannel({ log })
  const server = await serve((stream) => stream.subscribe(channel))
  await server.connect().has('$ready')
  const events = createSse()
  expect(events.health()).toMatchObject({ ready: true, interruptedChannels: [] })
  tail?.error(new SseError('ERR_SSE_LOG_UNREACHABLE', 'Connection refused.'))
  expect(events.health({ logPatienceMs: 60_000 })).toMatchObject({ ready: true })
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(events.health({ logPatienceMs: 1 })).toMatchObject({
    ready: false,
    live: true,
    reasons: ['log'],
    interruptedChannels: [{ channel: channel.name, forMs: expect.any(Number) }],
  })
  tail?.recovered?.()
  expect(await reconnects.first()).toEqual({ channel: channel.name, downMs: expect.any(Number) })
  expect(events.health({ logPatienceMs: 1 })).toMatchObject({ ready: true, interruptedChannels: [] })
})

test('streams say how much was written to them', async () => {
  const channel = makeChannel()
  const server = await serve((stream) => stream.subscribe(channel))
  const client = server.connect()
  await client.has('$ready')
  const [stream] = server.streams
  const before = { events: stream?.eventCount ?? 0, bytes: stream?.byteCount ?? 0 }
  const [id] = await publishAll(channel, ['one'])
  await client.hasData(1)
  expect((stream?.eventCount ?? 0) - before.events).toBe(1)
  expect((stream?.byteCount ?? 0) - before.bytes).toBe(`data: one\nid: ${id}\n\n`.length)
})

test('a log that failed and answers again is no reason any more, though nothing is published', async () => {
  const memory = createMemoryLog()
  let failures = 0
  const log: EventLog = {
    append: (...args) => memory.append(...args),
    read: (...args) => {
      if (failures === 0) return memory.read(...args)
      failures -= 1
      return Promise.reject(new SseError('ERR_SSE_LOG_UNREACHABLE', 'Connection refused.'))
    },
    configure: (...args) => memory.configure(...args),
    delete: (...args) => memory.delete(...args),
    close: () => memory.close(),
    tail: (...args) => memory.tail(...args),
  }
  const channel = makeChannel({ log })
  const server = await serve((stream) => stream.subscribe(channel, { snapshot: () => [{ data: 'state' }] }))
  await server.connect().has('$ready')
  const errors = listen('rivulet:log.error')
  failures = 2
  await server.connect().has('$ready')
  expect(errors.messages).toHaveLength(2)
  expect(createSse().health({ logPatienceMs: 1 })).toMatchObject({ ready: true, interruptedChannels: [] })
})

test('deliveries are told while the process is never idle', async () => {
  const delivered = listen<ChannelDeliverMessage>('rivulet:channel.deliver')
  const channel = makeChannel()
  const server = await serve((stream) => stream.subscribe(channel))
  const clients = Array.from({ length: 50 }, () => server.connect())
  for (const client of clients) await client.has('$ready')
  let published = 0
  // Each turn publishes anew, so that the queue of readers hardly ever runs dry.
  while (delivered.messages.length < 20) {
    published += 1
    await channel.publish({ data: published })
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(delivered.messages.length).toBeLessThanOrEqual(published)
  for (const client of clients) await client.hasData(published)
})
