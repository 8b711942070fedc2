import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type ChannelEvent,
  createMemoryLog,
  createSse,
  type EventStream,
  type Subscription,
} from '@rivulet/core'
import { makeChannel, publishAll, serve } from './live.ts'

describe('topics', () => {
  test('an event is heard by those who listen to one of its topics, and by those to everything', async () => {
    const channel = makeChannel()
    const topics = [['red'], ['red', 'blue'], undefined]
    const server = await serve((stream) => {
      const own = topics[server.streams.length - 1]
      stream.subscribe(channel, own === undefined ? {} : { topics: own })
    })
    const clients = []
    for (const _each of topics) {
      const client = server.connect()
      await client.has('$ready')
      clients.push(client)
    }
    await channel.publish({ data: 'r', topics: ['red'] })
    await channel.publish({ data: 'b', topics: ['blue'] })
    await channel.publish({ data: 'rb', topics: ['red', 'blue', 'red'] })
    await channel.publish({ data: 'none' })
    await channel.publish({ data: 'end', topics: ['red'] })
    for (const client of clients) await client.until(({ data }) => data.at(-1) === 'end')
    expect(clients.map(({ data }) => data)).toEqual([
      ['r', 'rb', 'end'],
      ['r', 'b', 'rb', 'end'],
      ['r', 'b', 'rb', 'none', 'end'],
    ])
  })

  test('an empty list throws, and so does what is none', async () => {
    const channel = makeChannel()
    const thrown: unknown[] = []
    const server = await serve((stream) => {
      for (const topics of [[], [''], 'red']) {
        try {
          Reflect.apply(stream.subscribe, stream, [channel, { topics }])
        } catch (error) {
          thrown.push(error)
        }
      }
      stream.close()
    })
    await server.connect().over()
    expect(thrown).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'ERR_SSE_TOPICS' })))
  })

  test('setTopics holds from the next event on', async () => {
    const channel = makeChannel()
    const subscriptions: Subscription[] = []
    const server = await serve((stream) => subscriptions.push(stream.subscribe(channel, { topics: ['a'] })))
    const client = server.connect()
    await client.has('$ready')
    await channel.publish({ data: 1, topics: ['a'] })
    await client.hasData(1)
    const [subscription] = subscriptions
    subscription?.setTopics(['b'])
    await channel.publish({ data: 2, topics: ['a'] })
    await channel.publish({ data: 3, topics: ['b'] })
    await client.hasData(2)
    subscription?.setTopics(undefined)
    await channel.publish({ data: 4 })
    await client.hasData(3)
    expect(client.data).toEqual(['1', '3', '4'])
    expect(() => subscription?.setTopics([])).toThrow('topics is empty')
  })
})

describe('where clients begin', () => {
  test.each([
    ['live', ['3']],
    ['start', ['1', '2', '3']],
    ['id', ['2', '3']],
  ])('from %s', async (from, expected) => {
    const channel = makeChannel()
    const [first = ''] = await publishAll(channel, [1, 2])
    const server = await serve((stream) => stream.subscribe(channel, { from: from === 'id' ? first : from }))
    const client = server.connect()
    await client.has('$ready')
    await channel.publish({ data: 3 })
    await client.hasData(expected.length)
    expect(client.data).toEqual(expected)
    expect(client.json('$ready')).toMatchObject({ channel: channel.name, resumed: false, first: 1, head: 2 })
  })

  test('an id of another channel throws', async () => {
    const [id = ''] = await publishAll(makeChannel(), [1])
    const channel = makeChannel()
    const server = await serve((stream) => {
      for (const options of [{ from: id }, { notBefore: id }, { from: 'soon' }])
        expect(() => stream.subscribe(channel, options)).toThrow('id of this channel')
      stream.close()
    })
    await server.connect().over()
  })

  test('a cursor wins, and everything behind it follows', async () => {
    const channel = makeChannel()
    const ids = await publishAll(channel, [1, 2, 3])
    const subscriptions: Subscription[] = []
    const server = await serve((stream) => subscriptions.push(stream.subscribe(channel, { from: 'start' })))
    const client = server.connect(ids[1])
    await client.hasData(1)
    expect(client.events.map(({ event, id }) => [event, id])).toEqual([
      ['$ready', ids[1]],
      [undefined, ids[2]],
    ])
    expect(await subscriptions[0]?.ready).toEqual({ resumed: true })
    expect(subscriptions[0]?.position).toBe(ids[2])
  })

  test('nothing from before notBefore is sent, whatever cursor is brought', async () => {
    const channel = makeChannel()
    const ids = await publishAll(channel, [1, 2, 3, 4])
    const server = await serve((stream) =>
      stream.subscribe(channel, { from: 'start', notBefore: ids[1] ?? '' }),
    )
    const forged = `${ids[0]?.slice(0, -4)}XXXX`
    for (const lastEventId of [undefined, ids[0], forged, 'nonsense']) {
      const client = server.connect(lastEventId)
      await client.until(({ data }) => data.at(-1) === '4')
      expect(client.data).toEqual(['3', '4'])
      client.leave()
    }
  })

  test('nothing older than a date is sent', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'],
      now: 1_000,
    })
    const channel = makeChannel()
    await publishAll(channel, ['old'])
    jest.setSystemTime(2_000)
    await publishAll(channel, ['new'])
    jest.useRealTimers()
    const limits = [new Date(1_500), 1_500]
    const server = await serve((stream) => {
      stream.subscribe(channel, { from: 'start', notBefore: limits[server.streams.length - 1] ?? 0 })
    })
    for (const _each of limits) {
      const client = server.connect()
      await client.hasData(1)
      expect(client.data).toEqual(['new'])
    }
  })
})

describe('filter', () => {
  test('sees each event parsed once, whoever asks', async () => {
    const channel = makeChannel()
    const seen: unknown[] = []
    const filter = (event: ChannelEvent) => {
      seen.push(event.data)
      return Reflect.get(Object(event.data), 'n') !== 2
    }
    const server = await serve((stream) => stream.subscribe(channel, { filter }))
    const clients = [server.connect(), server.connect()]
    for (const client of clients) await client.has('$ready')
    await publishAll(channel, [{ n: 1 }, { n: 2 }, { n: 3 }])
    for (const client of clients) await client.hasData(2)
    for (const client of clients) expect(client.data).toEqual(['{"n":1}', '{"n":3}'])
    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBe(3)
  })

  test('a throw closes that stream alone, and is reported', async () => {
    const channel = makeChannel()
    const mistake = new Error('mistake')
    const closed: string[] = []
    const server = await serve((stream) => {
      const isFirst = server.streams.length === 1
      stream.onClose((reason) => closed.push(reason))
      stream.subscribe(channel, {
        filter: () => {
          if (isFirst) throw mistake
          return true
        },
      })
    })
    const first = server.connect()
    await first.has('$ready')
    const second = server.connect()
    await second.has('$ready')
    await publishAll(channel, [1])
    await second.hasData(1)
    await first.over()
    expect(first.data).toEqual([])
    expect(closed).toEqual(['error'])
    expect(server.errors).toEqual([mistake])
  })

  test('one that closes its own subscription hears nothing more', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => {
      const subscription: Subscription = stream.subscribe(channel, {
        filter: () => {
          subscription.close()
          return true
        },
      })
    })
    const client = server.connect()
    await client.has('$ready')
    await publishAll(channel, [1])
    server.streams[0]?.send({ event: 'done', data: 'bye' })
    await client.until(({ events }) => events.at(-1)?.event === 'done')
    expect(client.data).toEqual(['bye'])
    expect(channel.subscriberCount).toBe(0)
  })
})

describe('coalesce', () => {
  test('gives a reader that is behind only the newest of each key, and says so', async () => {
    const channel = makeChannel()
    await publishAll(channel, [{ k: 'a', n: 1 }, { k: 'b', n: 2 }, { n: 3 }, { k: 'a', n: 4 }, { n: 5 }])
    const coalesce = ({ data }: ChannelEvent) => Reflect.get(Object(data), 'k')
    const server = await serve((stream) => stream.subscribe(channel, { from: 'start', coalesce }))
    const client = server.connect()
    await client.hasData(4)
    expect(client.data.map((text) => JSON.parse(text).n)).toEqual([2, 3, 4, 5])
    expect(client.json('$ready')).toMatchObject({ coalesced: true })
  })
})

describe('several channels on one stream', () => {
  test('one id carries a cursor for each, and resumes all', async () => {
    const channels = [makeChannel(), makeChannel(), makeChannel(), makeChannel()]
    const server = await serve((stream) => {
      for (const channel of channels) stream.subscribe(channel)
    })
    const client = server.connect()
    await client.has('$ready', 4)
    for (const channel of channels) await publishAll(channel, [`${channel.name} 1`])
    await client.hasData(4)
    client.leave()
    await client.over()
    for (const channel of channels) await publishAll(channel, [`${channel.name} 2`])
    expect(Buffer.byteLength(client.lastEventId ?? '')).toBeLessThanOrEqual(128)
    const again = server.connect(client.lastEventId)
    await again.hasData(4)
    expect(again.data.sort()).toEqual(channels.map(({ name }) => `${name} 2`).sort())
    expect(again.control).toEqual(['$ready', '$ready', '$ready', '$ready'])
  })

  test('a fifth throws, and so does the same one twice', async () => {
    const channels = Array.from({ length: 5 }, () => makeChannel())
    const [first, , , , fifth] = channels
    if (!first || !fifth) throw new Error('five channels')
    const server = await serve((stream) => {
      for (const channel of channels.slice(0, 3)) stream.subscribe(channel)
      expect(() => stream.subscribe(first)).toThrow('subscribed to channel')
      stream.subscribe(channels[3] ?? first)
      expect(() => stream.subscribe(fifth)).toThrow('at most 4 channels')
    })
    const client = server.connect()
    await client.has('$ready', 4)
    expect(fifth.subscriberCount).toBe(0)
  })

  test('a late subscription resumes from the cursor that was carried for it', async () => {
    const [early, late] = [makeChannel(), makeChannel()]
    const streams: EventStream[] = []
    const server = await serve((stream) => {
      streams.push(stream)
      stream.subscribe(early)
    })
    const first = server.connect()
    await first.has('$ready')
    streams[0]?.subscribe(late)
    await first.has('$ready', 2)
    await publishAll(late, ['one'])
    await first.hasData(1)
    first.leave()
    await first.over()
    await publishAll(late, ['two'])
    const second = server.connect(first.lastEventId)
    await second.has('$ready')
    await publishAll(early, ['early'])
    await second.hasData(1)
    // Cut off again before anybody asked for the late one.
    second.leave()
    await second.over()
    const third = server.connect(second.lastEventId)
    await third.has('$ready')
    streams[2]?.subscribe(late)
    await third.hasData(1)
    expect(third.data).toEqual(['two'])
    expect(third.json('$gap')).toBeUndefined()
  })

  test('one of two ends, and the other goes on', async () => {
    const [ending, lasting] = [makeChannel(), makeChannel()]
    const server = await serve((stream) => {
      stream.subscribe(ending)
      stream.subscribe(lasting)
    })
    const client = server.connect()
    await client.has('$ready', 2)
    await publishAll(ending, ['last'])
    await ending.end()
    await client.has('$end')
    expect(client.json('$end')).toEqual({ channel: ending.name })
    await publishAll(lasting, ['on'])
    await client.hasData(2)
    expect(client.data).toEqual(['last', 'on'])
    client.leave()
    await client.over()
    const again = server.connect(client.lastEventId)
    await again.has('$end')
    expect(again.data).toEqual([])
    await lasting.end()
    await again.over()
    expect(again.lastEventId).toMatch(/\.end$/)
  })
})

describe('the stream of a subscription', () => {
  test('takes direct sends without an id, and throws at one', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => {
      stream.subscribe(channel)
      stream.send({ event: 'hello', data: 'you' })
      expect(() => stream.send({ data: 1, id: 7 })).toThrow("has the channel's ids")
    })
    const client = server.connect()
    await client.until(({ events }) => events.some(({ event }) => event === 'hello'))
  })

  test('says with $cursor that it moved without an event', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => stream.subscribe(channel, { topics: ['quiet'] }), {
      heartbeatMs: 30,
    })
    const client = server.connect()
    await client.has('$ready')
    const ids = await publishAll(channel, [1, 2, 3], ['busy'])
    await client.has('$cursor')
    expect(client.lastEventId).toBe(ids.at(-1))
    expect(client.data).toEqual([])
  })

  test('says so too where direct sends keep it from being silent', async () => {
    const channel = makeChannel()
    const server = await serve(
      (stream) => {
        stream.subscribe(channel, { topics: ['quiet'] })
        const ticks = setInterval(() => stream.send({ event: 'tick', data: 1 }), 5)
        stream.onClose(() => clearInterval(ticks))
      },
      { heartbeatMs: 50 },
    )
    const client = server.connect()
    await client.has('$ready')
    const ids = await publishAll(channel, [1, 2, 3], ['busy'])
    await client.until(({ lastEventId }) => lastEventId === ids.at(-1))
    const { length } = client.events
    // Not again: it has not moved since.
    await client.until(({ events }) => events.length > length + 60)
    expect(client.events.slice(length).every(({ event }) => event === 'tick')).toBe(true)
  })

  test('is free again when the subscription is closed: for ids, and to end with its handler', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => {
      const subscription = stream.subscribe(channel)
      expect(() => stream.send({ data: 1, id: 7 })).toThrow("has the channel's ids")
      subscription.close()
      stream.send({ data: 'own', id: 7 })
    })
    const client = server.connect()
    await client.until(({ lastEventId }) => lastEventId === '7')
    const { streams } = server
    const sse = createSse()
    const http = createServer((request, response) => {
      streams.push(
        sse.open(request, response, async (stream) => {
          const subscription = stream.subscribe(channel)
          await subscription.ready
          subscription.close()
          await subscription.ready
        }),
      )
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const { port } = http.address() as AddressInfo // it listens on a port
    const answer = await fetch(`http://127.0.0.1:${port}`)
    expect(await answer.text()).toContain('event: $ready')
    expect(streams.at(-1)?.closed).toBe('end')
    http.close()
  })

  test('is told where it is before it is hung up', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => stream.subscribe(channel, { topics: ['quiet'] }))
    const client = server.connect()
    await client.has('$ready')
    const ids = await publishAll(channel, [1, 2, 3], ['busy'])
    server.streams[0]?.close()
    await client.over()
    expect(client.lastEventId).toBe(ids.at(-1))
    expect(client.events.map(({ event }) => event)).toEqual(['$ready', '$cursor'])
  })

  test('leaves the channel with its client', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => stream.subscribe(channel))
    const client = server.connect()
    await client.has('$ready')
    expect(channel.stats()).toMatchObject({ subscriberCount: 1, behindCount: 0 })
    const closed = new Promise((resolve) => server.streams[0]?.onClose(resolve))
    client.leave()
    expect(await closed).toBe('client')
    expect(channel.subscriberCount).toBe(0)
    expect(channel.stats()).toEqual({
      subscriberCount: 0,
      behindCount: 0,
      pendingCount: 0,
      ringCount: 0,
      ringBytes: 0,
    })
  })

  test('is hung up when the channel is closed, and resumes elsewhere', async () => {
    const log = createMemoryLog()
    const channel = makeChannel({ log }, 'moved')
    const server = await serve((stream) => stream.subscribe(makeChannel({ log }, 'moved')))
    const client = server.connect()
    await client.has('$ready')
    const [id] = await publishAll(channel, [1])
    await client.hasData(1)
    channel.close()
    await client.over()
    const again = server.connect(id)
    await again.has('$ready')
    expect(again.json('$ready')).toMatchObject({ resumed: true })
  })
})
