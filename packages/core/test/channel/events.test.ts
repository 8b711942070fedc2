import { createSse, type EventStream, eventTypes, SseError } from '@rivulet/core'
import { type as ark } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { createChannel, createMemoryLog } from '../../src/index.ts'
import { makeChannel, serve } from './live.ts'

/** The same payload for three libraries: an object with a whole number, and at least one line of text. */
const libraries = {
  zod: { made: z.object({ id: z.number().int(), lines: z.array(z.string()).min(1) }) },
  valibot: {
    made: v.object({
      id: v.pipe(v.number(), v.integer()),
      lines: v.pipe(v.array(v.string()), v.minLength(1)),
    }),
  },
  arktype: { made: ark({ id: 'number.integer', lines: 'string[] >= 1' }) },
}

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each(Object.entries(libraries))('an event map of %s', (_name, events) => {
  test('lets through what fits, as JSON', async () => {
    const channel = makeChannel({ events })
    const server = await serve((stream) => stream.subscribe(channel))
    const client = server.connect()
    await client.has('$ready')
    await channel.publish({ event: 'made', data: { id: 1, lines: ['a'] } })
    await client.hasData(1)
    expect(client.events.at(-1)).toMatchObject({ event: 'made', data: '{"id":1,"lines":["a"]}' })
  })

  test('refuses what does not, with path, issue and event type, before anything is stored', async () => {
    const channel = makeChannel({ events })
    const before = await channel.head()
    const data = { id: 1, lines: ['a', 7] }
    const error = await channel.publish({ event: 'made', data }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SseError)
    expect(error).toMatchObject({
      code: 'ERR_SSE_SCHEMA',
      value: data,
      cause: [expect.objectContaining({ message: expect.any(String) })],
      message: expect.stringMatching(/"made".* at lines\.1: .*string/i),
    })
    expect(await channel.head()).toBe(before)
  })
})

describe('an event map', () => {
  const events = {
    named: z.object({ name: z.string().default('nobody') }),
    message: z.string().transform((text) => text.trim()),
  }

  test('sends what its schemas make of a payload; strings are JSON too', async () => {
    const channel = makeChannel({ events })
    const server = await serve((stream) => stream.subscribe(channel))
    const client = server.connect()
    await client.has('$ready')
    await channel.publish({ event: 'named', data: {} })
    await channel.publish({ data: ' hello ' })
    await client.hasData(2)
    expect(client.data).toEqual(['{"name":"nobody"}', '"hello"'])
  })

  test('knows the default type as message, and refuses every other that it has not', async () => {
    const channel = makeChannel({ events: { named: events.named } })
    await expect(channel.publish({ event: 'other', data: 1 })).rejects.toMatchObject({
      code: 'ERR_SSE_SCHEMA',
      message: 'There is no event type "other" in the event map. There are: "named".',
    })
    await expect(channel.publish({ data: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('"message"'),
    })
  })

  test('refuses asynchronous schemas, which would change the order', async () => {
    const slow = z.string().refine(async () => true)
    const channel = makeChannel({ events: { slow } })
    await expect(channel.publish({ event: 'slow', data: 'x' })).rejects.toMatchObject({
      code: 'ERR_SSE_SCHEMA',
      message: expect.stringContaining('asynchronous'),
    })
  })

  test('holds for the events of a snapshot', async () => {
    const channel = makeChannel({ events })
    const good = [{ event: 'named', data: {} }, { data: 'x' }]
    const server = await serve((stream) => stream.subscribe(channel, { snapshot: () => good }))
    const client = server.connect()
    await client.has('$ready')
    expect(client.data).toEqual(['{"name":"nobody"}', '"x"'])
    const bad = await serve((stream) => stream.subscribe(channel, { snapshot: () => [{ data: 7 }] }))
    await bad.connect().over()
    expect(bad.errors).toEqual([expect.objectContaining({ code: 'ERR_SSE_SCHEMA' })])
  })

  test.each([
    { validate: 'always', environment: 'production', isChecked: true },
    { validate: 'development', environment: 'production', isChecked: false },
    { validate: 'development', environment: 'test', isChecked: true },
    { validate: 'never', environment: 'test', isChecked: false },
  ] as const)(
    'is checked $validate: $isChecked in $environment',
    async ({ validate, environment, isChecked }) => {
      const before = process.env.NODE_ENV
      process.env.NODE_ENV = environment
      try {
        const channel = makeChannel({ events, validate })
        const publishing = channel.publish({ event: 'named', data: 7 })
        if (isChecked) await expect(publishing).rejects.toMatchObject({ code: 'ERR_SSE_SCHEMA' })
        else await publishing
      } finally {
        process.env.NODE_ENV = before
      }
    },
  )

  test('is the same for a channel wherever it is created', () => {
    const log = createMemoryLog()
    const channel = createChannel('orders', { log, events })
    expect(createChannel('orders', { log })).toBe(channel)
    expect(createChannel('orders', { log, events: { ...events } })).toBe(channel)
    for (const other of [{ named: events.named }, { ...events, named: z.string() }, eventTypes<object>()]) {
      expect(thrownBy(() => createChannel('orders', { log, events: other }))).toMatchObject({
        code: 'ERR_SSE_CHANNEL',
        message: expect.stringContaining('exists with other events'),
      })
    }
    channel.close()
  })

  test('of types alone checks nothing, and makes all payloads JSON', async () => {
    const channel = makeChannel({ events: eventTypes<{ message: string }>() })
    const server = await serve((stream) => stream.subscribe(channel))
    const client = server.connect()
    await client.has('$ready')
    await channel.publish({ data: 'text' })
    await client.hasData(1)
    expect(client.data).toEqual(['"text"'])
  })
})

test('direct sends are checked and JSON too, where the stream has an event map', async () => {
  const sent: unknown[] = []
  const server = await serve(
    (stream) => {
      sent.push(stream.send({ event: 'named', data: 'Ada' }))
      sent.push(thrownBy(() => stream.send({ event: 'named', data: 7 })))
      sent.push(thrownBy(() => stream.send({ event: 'other', data: 7 })))
      stream.end()
    },
    { events: { named: z.string() } },
  )
  const client = server.connect()
  await client.over()
  expect(sent).toEqual([
    true,
    expect.objectContaining({ code: 'ERR_SSE_SCHEMA', value: 7 }),
    expect.objectContaining({ code: 'ERR_SSE_SCHEMA', value: 'other' }),
  ])
  expect(client.data).toEqual(['"Ada"'])
})

/** What must compile, and what must not; never called. */
export function types(stream: EventStream): void {
  const orders = createChannel('typed', {
    events: { made: z.object({ id: z.number(), at: z.string().transform(Number) }), message: z.string() },
  })
  void orders.publish({ event: 'made', data: { id: 1, at: '7' }, topics: ['a'] })
  void orders.publish({ data: 'the default type' })
  void orders.publish({ event: 'message', data: 'the default type' })
  // @ts-expect-error an event type that there is not
  void orders.publish({ event: 'mode', data: { id: 1, at: '7' } })
  // @ts-expect-error a payload of another type
  void orders.publish({ event: 'made', data: { id: '1', at: '7' } })
  // @ts-expect-error the payload of another event
  void orders.publish({ event: 'made', data: 'text' })
  // @ts-expect-error what the schema gives is not what it takes
  void orders.publish({ event: 'made', data: { id: 1, at: 7 } })
  // @ts-expect-error no payload
  void orders.publish({ event: 'made' })
  stream.subscribe(orders, {
    filter: (event) => event.event === 'message' || event.data.at > 5,
    snapshot: () => [{ event: 'made', data: { id: 1, at: '7' } }],
  })
  // @ts-expect-error a snapshot with another payload
  stream.subscribe(orders, { snapshot: () => [{ event: 'made', data: 7 }] })
  // @ts-expect-error a filter that takes a payload for what it isn't
  stream.subscribe(orders, { filter: (event) => event.data.at > 5 })

  interface Typed {
    tick: { now: number }
  }
  const ticks = createChannel<Typed>('ticks')
  void ticks.publish({ event: 'tick', data: { now: 1 } })
  // @ts-expect-error a payload of another type
  void ticks.publish({ event: 'tick', data: { now: 'soon' } })
  // @ts-expect-error the map has no default type
  void ticks.publish({ data: { now: 1 } })
  const marked = createChannel('marked', { events: eventTypes<Typed>() })
  // @ts-expect-error a payload of another type
  void marked.publish({ event: 'tick', data: { now: 'soon' } })

  const any = createChannel('any')
  void any.publish({ event: 'whatever', data: [1] })

  const events = createSse<Typed>()
  declare_(events.streams)
  function declare_(streams: ReadonlySet<EventStream<Typed>>): void {
    for (const each of streams) {
      each.send({ event: 'tick', data: { now: 1 }, id: 'own' })
      // @ts-expect-error a payload of another type
      each.send({ event: 'tick', data: 1 })
      void each.pipe([1, 2], (now) => ({ event: 'tick', data: { now } }))
      // @ts-expect-error an event type that there is not
      void each.pipe([1, 2], (now) => ({ event: 'tock', data: { now } }))
    }
  }
}
