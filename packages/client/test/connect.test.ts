import { gzipSync } from 'node:zlib'
import {
  type ClientError,
  type Connection,
  type ConnectionState,
  type ConnectOptions,
  connect,
} from '@rivulet/client'
import { ScriptedServer } from './scripted-server.ts'
import { answers, type Step, streams } from './steps.ts'

const servers: ScriptedServer[] = []
const connections: Connection[] = []

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close()
  for (const server of servers.splice(0)) await server.close()
})

async function serve(...steps: Step[]): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(...steps)
  servers.push(server)
  return server
}

/** Connects with short times. */
function open(url: string, options: ConnectOptions = {}): Connection {
  const connection = connect(url, { retryMs: 5, maxRetryMs: 20, ...options })
  connections.push(connection)
  return connection
}

/** Takes so many events, and leaves the loop. */
async function take(connection: Connection, count: number) {
  const events: { event: string; data: unknown; lastEventId: string }[] = []
  for await (const event of connection) {
    events.push(event)
    if (events.length === count) break
  }
  return events
}

describe('the request', () => {
  test('C1: GET with Accept and Cache-Control, and no Last-Event-ID', async () => {
    const server = await serve(streams('data: x\n\n', { stays: true }))
    await take(open(server.url), 1)
    const [request] = server.requests
    expect(request?.method).toBe('GET')
    expect(request?.headers).toMatchObject({ accept: 'text/event-stream', 'cache-control': 'no-cache' })
    expect(request?.headers).not.toHaveProperty('last-event-id')
  })

  test('C3 C4 C5: brings the last id again, until it is reset', async () => {
    const server = await serve(
      streams('id: abc\ndata: 1\n\ndata: 2\n\n'),
      streams('data: 3\n\n'),
      streams('id\ndata: 4\n\n'),
      streams('data: 5\n\n', { stays: true }),
    )
    const events = await take(open(server.url), 5)
    expect(events.map(({ data }) => data)).toEqual([1, 2, 3, 4, 5])
    expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([
      undefined,
      'abc',
      'abc',
      undefined,
    ])
  })

  test('P45: an id beyond ASCII goes as UTF-8', async () => {
    const server = await serve(streams('id: …\ndata: 1\n\n'), streams('data: 2\n\n', { stays: true }))
    await take(open(server.url), 2)
    const id = server.requests[1]?.headers['last-event-id']
    expect(Buffer.from(String(id), 'latin1').toString()).toBe('…')
  })

  test('C22: begins where it is told to', async () => {
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    await take(open(server.url, { lastEventId: 'given' }), 1)
    expect(server.requests[0]?.headers['last-event-id']).toBe('given')
  })

  test('C21: sends a body again with each connection', async () => {
    const server = await serve(streams('data: 1\n\n'), streams('data: 2\n\n', { stays: true }))
    const headers = { 'Content-Type': 'application/json' }
    await take(open(server.url, { body: '{"q":1}', headers }), 2)
    for (const request of server.requests) {
      expect(request).toMatchObject({ method: 'POST', body: '{"q":1}' })
      expect(request.headers['content-type']).toBe('application/json')
    }
  })

  test('asks for headers anew each time, so that a token can be refreshed', async () => {
    const server = await serve(answers(401), answers(403), streams('data: 1\n\n', { stays: true }))
    let token = 0
    const headers = async () => {
      token += 1
      return { Authorization: `Bearer ${token}` }
    }
    await take(open(server.url, { headers }), 1)
    expect(server.requests.map(({ headers: { authorization } }) => authorization)).toEqual([
      'Bearer 1',
      'Bearer 2',
      'Bearer 3',
    ])
  })

  test.each([301, 302, 303, 307, 308])('C9: follows %d', async (status) => {
    const target = await serve(streams('data: there\n\n', { stays: true }))
    const server = await serve(answers(status, { Location: target.url }))
    expect(await take(open(server.url), 1)).toMatchObject([{ data: 'there' }])
  })

  test('C10: a redirect that goes round and round is no stream, and no loop of ours', async () => {
    const server = await serve(answers(302, { Location: '/' }))
    const connection = open(server.url)
    const error = await new Promise<ClientError | undefined>((resolve) => {
      connection.onState((_state, reason) => resolve(reason))
      connection.on('message', () => {})
    })
    expect(error).toMatchObject({ code: 'ERR_SSE_CLIENT_NETWORK' })
  })

  test('C26: a compressed stream is read as it comes', async () => {
    const server = await serve((response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': 'gzip' })
      response.write(gzipSync('data: 1\n\n'))
    })
    expect(await take(open(server.url), 1)).toMatchObject([{ data: 1 }])
  })
})

describe('answers', () => {
  test.each([200, 500, 502, 503, 408, 425, 429])('%d without a stream is tried again', async (status) => {
    const page: Step = (response) => {
      response.writeHead(status, { 'Content-Type': 'text/html' })
      response.end('<h1>One moment</h1>')
    }
    const server = await serve(page, page, streams('data: 1\n\n', { stays: true }))
    expect(await take(open(server.url), 1)).toMatchObject([{ data: 1 }])
    expect(server.requests).toHaveLength(3)
  })

  test.each([400, 401, 403, 404, 410])('C6: %d is final, and the loop throws', async (status) => {
    const server = await serve(answers(status))
    const connection = open(server.url)
    await expect(take(connection, 1)).rejects.toMatchObject({ code: 'ERR_SSE_CLIENT_RESPONSE', status })
    expect(await connection.closed).toMatchObject({ reason: 'failed', error: { status } })
    expect(connection.state).toBe('closed')
    expect(server.requests).toHaveLength(1)
  })

  test('C13: 204 is the end, told once', async () => {
    const server = await serve(streams('data: 1\n\n'), answers(204))
    const connection = open(server.url)
    const states: ConnectionState[] = []
    connection.onState((state) => states.push(state))
    const events: unknown[] = []
    for await (const { data } of connection) events.push(data)
    expect(events).toEqual([1])
    expect(await connection.closed).toEqual({ reason: 'end' })
    expect(states).toEqual(['open', 'connecting', 'closed'])
  })

  test.each(['text/event-stream;', 'text/event-stream;charset=utf-8', 'TEXT/EVENT-STREAM'])(
    'C8: %s is a stream',
    async (type) => {
      const server = await serve(streams('data: 1\n\n', { stays: true, type }))
      expect(await take(open(server.url), 1)).toMatchObject([{ data: 1 }])
    },
  )

  test('P41: another charset is UTF-8 all the same', async () => {
    const server = await serve(
      streams('data: ok…\n\n', { stays: true, type: 'text/event-stream; charset=windows-1252' }),
    )
    expect(await take(open(server.url), 1)).toMatchObject([{ data: 'ok…' }])
  })

  test('Retry-After is honoured', async () => {
    const server = await serve(answers(503, { 'Retry-After': '1' }), streams('data: 1\n\n', { stays: true }))
    const startedAt = performance.now()
    await take(open(server.url), 1)
    expect(performance.now() - startedAt).toBeGreaterThan(950)
  })
})

describe('breaks', () => {
  test('C2 C11 C25: comes back when the stream ends, breaks within a line, or cannot be reached', async () => {
    const server = await serve(
      streams('id: 1\ndata: 1\n\n'),
      (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.write('id: 2\ndata: 2\n\nid: 3\ndata: cut o', () => response.destroy())
      },
      (response) => response.destroy(),
      streams('data: 3\n\n', { stays: true }),
    )
    const events = await take(open(server.url), 3)
    expect(events.map(({ data }) => data)).toEqual([1, 2, 3])
    expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '2', '2'])
  })

  test('C20: silence is a break; any byte ends it', async () => {
    const server = await serve(
      (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.write('data: 1\n\n')
        let count = 0
        const timer = setInterval(() => {
          count += 1
          if (count < 5) response.write(':\n')
          else clearInterval(timer)
        }, 60)
      },
      streams('data: 2\n\n', { stays: true }),
    )
    const connection = open(server.url, { silenceMs: 200 })
    const errors: (string | undefined)[] = []
    connection.onState((_state, error) => error !== undefined && errors.push(error.code))
    const startedAt = performance.now()
    await take(connection, 2)
    expect(errors).toEqual(['ERR_SSE_CLIENT_SILENT'])
    expect(performance.now() - startedAt).toBeGreaterThan(4 * 60 + 190)
  })

  test('C24: waits as long as the server says', async () => {
    const server = await serve(streams('retry: 300\ndata: 1\n\n'), streams('data: 2\n\n', { stays: true }))
    const startedAt = performance.now()
    await take(open(server.url), 2)
    expect(performance.now() - startedAt).toBeGreaterThan(295)
  })

  test('C23: reconnect() connects at once, also where it waits', async () => {
    const server = await serve(
      streams('data: 1\n\n', { stays: true }),
      streams('retry: 3600000\ndata: 2\n\n'),
      streams('data: 3\n\n', { stays: true }),
    )
    const connection = open(server.url)
    const got: unknown[] = []
    const done = new Promise<void>((resolve) => {
      connection.on('message', ({ data }) => {
        got.push(data)
        if (data === 1) connection.reconnect()
        if (data === 2) connection.onState(() => setTimeout(() => connection.reconnect(), 10))
        if (data === 3) resolve()
      })
    })
    await done
    expect(got).toEqual([1, 2, 3])
  })

  test('an event that is too long ends it, with what to do', async () => {
    const server = await serve(streams(`data: ${'x'.repeat(5_000)}\n\n`, { stays: true }))
    const connection = open(server.url, { maxEventLength: 1_000 })
    await expect(take(connection, 1)).rejects.toMatchObject({ code: 'ERR_SSE_CLIENT_TOO_LARGE' })
  })
})

describe('closing', () => {
  test('C12: close() in a listener: nothing more comes', async () => {
    const server = await serve(streams('data: 1\n\ndata: 2\n\n'))
    const connection = open(server.url)
    const got: unknown[] = []
    connection.on('message', ({ data }) => {
      got.push(data)
      connection.close()
    })
    expect(await connection.closed).toEqual({ reason: 'closed' })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(got).toEqual([1])
    expect(server.requests).toHaveLength(1)
  })

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

  test('C19: a bad URL throws', () => {
    expect(() => connect('http://')).toThrow(expect.objectContaining({ code: 'ERR_SSE_CLIENT_OPTION' }))
    expect(() => connect('/relative')).toThrow(expect.objectContaining({ code: 'ERR_SSE_CLIENT_OPTION' }))
  })

  test.each([{ retryMs: -1 }, { silenceMs: 0 }, { maxEventLength: Number.NaN }, { highWaterMark: 0 }])(
    '%j is refused',
    (options) => {
      expect(() => connect('http://127.0.0.1/', options)).toThrow(
        expect.objectContaining({ code: 'ERR_SSE_CLIENT_OPTION' }),
      )
    },
  )
})

describe('delivery', () => {
  test('nothing is lost between two takes, nor before the first', async () => {
    const server = await serve(streams('data: 1\n\ndata: 2\n\ndata: 3\n\n', { stays: true }))
    const connection = open(server.url)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.requests).toHaveLength(0)
    const events = connection[Symbol.asyncIterator]()
    for (const n of [1, 2, 3]) {
      expect((await events.next()).value).toMatchObject({ data: n })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })

  test('a slow loop stops the sender', async () => {
    let sent = 0
    let isWaiting = false
    const server = await serve(async (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      while (!response.destroyed) {
        sent += 1
        if (response.write(`data: ${sent} ${'x'.repeat(10_000)}\n\n`)) continue
        isWaiting = true
        await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
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

describe('what a review found', () => {
  test('a bare id behind an event is the last; a reset by one too', async () => {
    const server = await serve(
      streams('id: 1\ndata: a\n\nid: 2\n\n'),
      streams('data: b\n\nid\n\n'),
      streams('data: c\n\n', { stays: true }),
    )
    await take(open(server.url), 3)
    expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([
      undefined,
      '2',
      undefined,
    ])
  })

  test('a stop that is called twice stops nobody else', async () => {
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const connection = open(server.url)
    const stop = connection.on('message', () => {})
    stop()
    const heard = new Promise((resolve) => connection.on('message', ({ data }) => resolve(data)))
    stop()
    expect(await heard).toBe(1)
  })

  test('times beyond what timers can wait are long, not over at once', async () => {
    const server = await serve(
      streams('retry: 2147483647\ndata: 1\n\n'),
      answers(503, { 'Retry-After': '9999999' }),
    )
    const connection = open(server.url)
    const got: unknown[] = []
    connection.on('message', ({ data }) => got.push(data))
    await server.requested(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.requests).toHaveLength(1)
    connection.reconnect()
    await server.requested(2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.requests).toHaveLength(2)
    expect(got).toEqual([1])
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

  test('events before one that is too long are delivered', async () => {
    const server = await serve(streams(`data: 1\n\ndata: ${'x'.repeat(5_000)}\n\n`, { stays: true }))
    const connection = open(server.url, { maxEventLength: 1_000 })
    const events = connection[Symbol.asyncIterator]()
    expect((await events.next()).value).toMatchObject({ data: 1 })
    await expect(events.next()).rejects.toMatchObject({ code: 'ERR_SSE_CLIENT_TOO_LARGE' })
  })

  test('closed in onState between two tries, it leaves nothing behind', async () => {
    const server = await serve(answers(503, { 'Retry-After': '3600' }))
    const connection = open(server.url)
    connection.onState((state) => {
      if (state === 'connecting') connection.close()
    })
    connection.on('message', () => {})
    await connection.closed
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThan(5)
    expect(connection.state).toBe('closed')
  })
})
