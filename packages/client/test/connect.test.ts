import { once } from 'node:events'
import { type ConnectionState, connect } from '@rivulet/client'
import { createEventSource } from '@rivulet/client/eventsource'
import { take } from './cases/watching.ts'
import { isState, laterRequest, open, serve } from './serving.ts'
import { answers, streams, waits } from './steps.ts'

describe('closing', () => {
  test('a signal closes it, before it begins too', async () => {
    const controller = new AbortController()
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const connection = open(server.url, { signal: controller.signal })
    const loop = take(connection, 2)
    await server.requested(1)
    controller.abort()
    expect((await loop).length).toBeLessThanOrEqual(1)
    expect(await connection.closed).toEqual({ reason: 'closed' })
    const late = open(server.url, { signal: controller.signal })
    expect(await take(late, 1)).toEqual([])
  })

  test('a relative URL throws where there is no page', () => {
    expect(() => connect('/relative')).toThrow(expect.objectContaining({ code: 'ERR_SSE_CLIENT_OPTION' }))
  })

  test.each<[name: string, options: object]>([
    ['retryMs', { retryMs: -1 }],
    ['maxRetryMs', { maxRetryMs: -1 }],
    ['silenceMs', { silenceMs: 0 }],
    ['maxEventLength', { maxEventLength: Number.NaN }],
    ['highWaterMark', { highWaterMark: 0 }],
    ['retries', { retries: 1 }],
  ])('%s that there is not, or out of range, is refused', (name, options) => {
    const refused = { code: 'ERR_SSE_CLIENT_OPTION', message: expect.stringContaining(name) }
    expect(() => connect('http://127.0.0.1/', options)).toThrow(expect.objectContaining(refused))
    expect(() => createEventSource('http://127.0.0.1/', options)).toThrow(expect.objectContaining(refused))
  })

  test('what is undefined is not given', () => {
    const options = { retryMs: undefined, parse: undefined, silenceMs: false, maxRetryMs: 0 } as const
    expect(connect('http://127.0.0.1/', options).state).toBe('connecting')
  })
})

describe('delivery', () => {
  test('nothing is lost between two takes, nor before the first', async () => {
    const server = await serve(streams('data: 1\n\ndata: 2\n\ndata: 3\n\n', { stays: true }))
    const connection = open(server.url)
    await laterRequest(server)
    expect(server.requests.map(({ url }) => url)).toEqual(['/later'])
    const events = connection[Symbol.asyncIterator]()
    for (const n of [1, 2, 3]) {
      expect((await events.next()).value).toMatchObject({ data: n })
      // Time for what is to come.
      await laterRequest(server)
    }
  })

  test('a slow loop stops the sender', async () => {
    let sent = 0
    let isWaiting = false
    const server = await serve(async (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      const isClosed = once(response, 'close')
      while (!response.destroyed) {
        sent += 1
        if (response.write(`data: ${sent} ${'x'.repeat(10_000)}\n\n`)) continue
        isWaiting = true
        await Promise.race([once(response, 'drain'), isClosed])
        isWaiting = false
      }
    })
    const connection = open(server.url, { highWaterMark: 4 })
    const events = connection[Symbol.asyncIterator]()
    await events.next()
    let before = -1
    while (before !== sent || !isWaiting) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    // The kernel's buffers, and what fetch reads ahead: not more with time.
    expect(sent).toBeLessThan(3_000)
    for (let n = 2; n <= before; n += 1) {
      const { value } = await events.next()
      expect(String(value?.data).startsWith(`${n} `)).toBe(true)
    }
  })

  test('a listener that throws is reported, and stops nobody', async () => {
    const reported: (() => void)[] = []
    const { queueMicrotask: before } = globalThis
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const connection = open(server.url)
    connection.on('message', () => {
      globalThis.queueMicrotask = (callback) => reported.push(callback)
      throw new Error('mine')
    })
    const heard = new Promise((resolve) =>
      connection.on('message', ({ data }) => {
        globalThis.queueMicrotask = before
        resolve(data)
      }),
    )
    expect(await heard).toBe(1)
    expect(reported[0]).toThrow('mine')
  })

  test("Rivulet's own events are events; a cursor moves the id; the end is final and not kept", async () => {
    const server = await serve(
      streams('id: a.1-1-x\nevent: $ready\ndata: {"channel":"c","resumed":false,"first":1,"head":1}\n\n'),
      streams(
        [
          'event: $gap\ndata: {"channel":"c","reason":"expired","missed":2}\n',
          'id: a.1-2-x\nevent: $cursor\ndata: {}\n',
          'id: a.1-2-x\nevent: $end\ndata: {"channel":"other"}\n',
          'id: a.1-2-x.end\nevent: $end\ndata: {}\n\n',
        ].join('\n'),
        { stays: true },
      ),
    )
    const connection = open(server.url)
    const seen: string[] = []
    let before = ''
    for await (const { event } of connection) {
      seen.push(event)
      if (event === '$cursor') before = connection.lastEventId
    }
    expect(seen).toEqual(['$ready', '$gap', '$cursor', '$end', '$end'])
    expect(before).toBe('a.1-2-x')
    expect(server.requests[1]?.headers['last-event-id']).toBe('a.1-1-x')
    expect(await connection.closed).toEqual({ reason: 'end' })
    expect(connection.lastEventId).toBe('')
  })

  test('keeps its cursor in a store: behind what was taken, not behind what was received', async () => {
    const items = new Map<string, string>()
    const store = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => items.set(key, value),
    }
    const server = await serve(
      streams('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n', { stays: true }),
    )
    expect(await take(open(server.url, { store }), 2)).toHaveLength(2)
    expect([...items]).toEqual([[`rivulet:${server.url}`, '2']])
    await take(open(server.url, { store }), 1)
    expect(server.requests[1]?.headers['last-event-id']).toBe('2')
  })

  test('a store that throws is no reason to lose anything', async () => {
    const store = {
      getItem: () => {
        throw new Error('forbidden')
      },
      setItem: () => {
        throw new Error('full')
      },
    }
    const server = await serve(streams('id: 1\ndata: a\n\n', { stays: true }))
    expect(await take(open(server.url, { store }), 1)).toHaveLength(1)
  })
})

describe('listening and waiting', () => {
  test('a stop that is called twice stops nobody else', async () => {
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const connection = open(server.url)
    const stop = connection.on('message', () => {})
    stop()
    const heard = new Promise((resolve) => connection.on('message', ({ data }) => resolve(data)))
    stop()
    expect(await heard).toBe(1)
  })

  test('a function that listens twice is told twice, and stopped one by one', async () => {
    const server = await serve(streams('data: 1\n\ndata: 2\n\n', { stays: true }))
    const connection = open(server.url)
    const got: unknown[] = []
    const listener = ({ data }: { data: unknown }) => {
      got.push(data)
      if (got.length === 2) stop()
    }
    const stop = connection.on('message', listener)
    connection.on('message', listener)
    await new Promise<void>((resolve) => connection.onEvent(({ data }) => data === 2 && resolve()))
    expect(got).toEqual([1, 1, 2])
  })

  test('a listener that another one stops is not told any more, not of this event either', async () => {
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const connection = open(server.url)
    const got: string[] = []
    connection.on('message', () => {
      got.push('first')
      stop()
    })
    const stop = connection.on('message', () => got.push('stopped'))
    await new Promise<void>((resolve) => connection.onEvent(() => resolve()))
    expect(got).toEqual(['first'])
  })

  test('a quiet connection that has lasted is no failure when it ends', async () => {
    let now = 0
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => {
      now += 1_000
      return now
    })
    const random = jest.spyOn(Math, 'random').mockReturnValue(1)
    const server = await serve(streams(':\n\n'))
    const connection = open(server.url, { retryMs: 5, maxRetryMs: 900 })
    connection.on('message', () => {})
    await server.requested(5)
    clock.mockRestore()
    random.mockRestore()
    const [, , , before = 0, last = 0] = server.requests.map(({ at }) => at)
    // The fourth failure in a row would make it wait for 800 ms.
    expect(last - before).toBeLessThan(500)
  })

  test('a Retry-After beyond what timers can wait is long, not over at once', async () => {
    const server = await serve(answers(503, { 'Retry-After': '9999999' }))
    const connection = open(server.url)
    connection.on('message', () => {})
    await isState(connection, 'connecting')
    await laterRequest(server)
    expect(server.requests.map(({ url }) => url)).toEqual(['/', '/later'])
  })

  test.each([2 ** 31, Number.POSITIVE_INFINITY])('neither is a silence of %d ms', async (silenceMs) => {
    const server = await serve(waits)
    const connection = open(server.url, { silenceMs })
    const states: ConnectionState[] = []
    connection.onState((state) => states.push(state))
    connection.on('message', () => {})
    await server.requested(1)
    await laterRequest(server)
    expect(states).toEqual([])
  })

  test('reconnect() connects anew while a loop that is full lets it wait', async () => {
    const many = Array.from({ length: 20 }, (_each, n) => `id: ${n}\ndata: ${n}\n\n`).join('')
    const server = await serve(streams(many, { stays: true }), streams('data: anew\n\n', { stays: true }))
    const connection = open(server.url, { highWaterMark: 2, silenceMs: false })
    const events = connection[Symbol.asyncIterator]()
    await events.next()
    connection.reconnect()
    await server.requested(2)
    expect(server.requests[1]?.headers['last-event-id']).toBe('19')
    const rest: unknown[] = []
    while (rest.at(-1) !== 'anew') rest.push((await events.next()).value?.data)
    expect(rest).toEqual([...Array.from({ length: 19 }, (_each, n) => n + 1), 'anew'])
  })

  test("Rivulet's own events are read as JSON, whatever parse makes of others", async () => {
    const gap = { channel: 'c', reason: 'expired', missed: 3 }
    const server = await serve(
      streams(`event: $gap\ndata: ${JSON.stringify(gap)}\n\ndata: x\n\n`, { stays: true }),
    )
    const events = await take(open(server.url, { parse: (text) => `mine: ${text}` }), 2)
    expect(events.map(({ data }) => data)).toEqual([gap, 'mine: x'])
  })

  test('a parse that throws is final, with its cause, behind what came before', async () => {
    const server = await serve(streams('data: 1\n\ndata: 2\n\n', { stays: true }))
    const cause = new Error('not mine')
    const connection = open(server.url, {
      parse: (data) => {
        if (data === '2') throw cause
        return data
      },
    })
    const got: unknown[] = []
    const looping = (async () => {
      for await (const { data } of connection) got.push(data)
    })()
    await expect(looping).rejects.toMatchObject({ code: 'ERR_SSE_CLIENT_PARSE', cause })
    expect(got).toEqual(['1'])
  })

  test('a loop begun after a failure throws it too, and then there is nothing more', async () => {
    const server = await serve(answers(404))
    const connection = open(server.url)
    await expect(take(connection, 1)).rejects.toMatchObject({ status: 404 })
    await expect(take(connection, 1)).rejects.toMatchObject({ status: 404 })
  })

  test('closed in onState between two tries, it leaves nothing behind', async () => {
    const server = await serve(answers(503, { 'Retry-After': '3600' }))
    const connection = open(server.url)
    connection.onState((state) => {
      if (state === 'connecting') connection.close()
    })
    connection.on('message', () => {})
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    await connection.closed
    await laterRequest(server)
    const after = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    expect(after).toBeLessThanOrEqual(before)
    expect(connection.state).toBe('closed')
  })
})
