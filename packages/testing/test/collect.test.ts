import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { createSse, type StreamHandler } from '@rivulet/core'
import { collect } from '@rivulet/testing'

function serving(handler: StreamHandler) {
  const events = createSse()
  return (request: http.IncomingMessage, response: http.ServerResponse) => {
    events.open(request, response, handler)
  }
}

const endless: StreamHandler = async (stream) => {
  for (let n = 1; stream.closed === null; n += 1) {
    stream.send({ event: 'tick', id: n, data: { n } })
    await new Promise(setImmediate)
  }
}

describe('collect', () => {
  test('gathers what a server sends until it ends the stream', async () => {
    const app = serving((stream) => {
      stream.comment('hello')
      stream.send({ event: 'greeting', id: 'a', data: 'one\ntwo' })
      stream.send({ data: { n: 2 }, retry: 50 })
    })
    const result = await collect(app, '/')
    expect(result).toMatchObject({ status: 200, ended: true, comments: ['hello'], problems: [], retryMs: 50 })
    expect(result.headers['content-type']).toBe('text/event-stream')
    expect(result.events).toEqual([
      { event: 'greeting', id: 'a', data: 'one\ntwo' },
      { event: 'message', data: '{"n":2}', retry: 50 },
      { event: '$end', id: '.end', data: expect.any(String) },
    ])
    expect(result.events[1]?.json()).toEqual({ n: 2 })
    expect(result.lastEventId).toBe('.end')
  })

  test('leaves an endless stream after count events, exactly', async () => {
    const app = serving((stream) => {
      stream.send({ data: '1' })
      stream.send({ data: '2' })
      stream.send({ data: '3' })
      return endless(stream)
    })
    const result = await collect(app, '/', { count: 2 })
    expect(result.events.map(({ data }) => data)).toEqual(['1', '2'])
    expect(result.raw.toString()).toMatch(/^retry: \d+\n\ndata: 1\n\ndata: 2\n\n$/)
    expect(result.ended).toBe(false)
  })

  test('leaves after the event that until looks for', async () => {
    const { events } = await collect(serving(endless), '/', {
      until: (event) => event.json<{ n: number }>().n === 7,
    })
    expect(events).toHaveLength(7)
  })

  test('does not count events of Rivulet itself unless told to', async () => {
    const app = serving((stream) => {
      stream.send({ data: '1' })
    })
    expect((await collect(app, '/', { count: 2 })).events).toHaveLength(2)
    expect((await collect(app, '/', { count: 2 })).ended).toBe(true)
    expect((await collect(app, '/', { count: 2, countControl: true })).ended).toBe(false)
  })

  test('brings back a last event id, as UTF-8', async () => {
    const app = serving((stream) => {
      stream.send({ data: stream.lastEventId })
    })
    const { events } = await collect(app, '/', { lastEventId: 'größe-€', count: 1 })
    expect(events[0]?.data).toBe('größe-€')
  })

  test('the server has seen the client leave when it resolves', async () => {
    const closed: (string | null)[] = []
    const app = serving((stream) => {
      stream.onClose((reason) => closed.push(reason))
      return endless(stream)
    })
    await collect(app, '/', { count: 1 })
    expect(closed).toEqual(['client'])
  })

  test('sends a method, headers and a body, as JSON if it is no text', async () => {
    const app: http.RequestListener = (request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        const { method, headers } = request
        response.end(JSON.stringify({ method, headers, body }))
      })
    }
    const seen = async (options: Parameters<typeof collect>[2]) =>
      JSON.parse((await collect(app, '/', options)).raw.toString())
    expect(await seen({ body: { a: 1 }, headers: { 'X-Own': 'yes', Accept: undefined } })).toMatchObject({
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json', 'x-own': 'yes' },
    })
    expect((await seen({ headers: { Accept: undefined } })).headers).not.toHaveProperty('accept')
    expect(await seen({ method: 'PUT', body: 'text' })).toMatchObject({ method: 'PUT', body: 'text' })
    expect((await seen({})).headers).toMatchObject({
      accept: 'text/event-stream',
      'cache-control': 'no-cache',
    })
  })

  test('gives back any other answer as it is', async () => {
    const app: http.RequestListener = (_request, response) => {
      response.writeHead(401, { 'Content-Type': 'application/json' })
      response.end('{"error":"who are you?"}')
    }
    const result = await collect(app, '/', { count: 3 })
    expect(result).toMatchObject({ status: 401, events: [], ended: true, problems: [] })
    expect(result.raw.toString()).toBe('{"error":"who are you?"}')
  })

  test('count 0 is enough once the head has come', async () => {
    expect(await collect(serving(endless), '/', { count: 0 })).toMatchObject({ status: 200, ended: false })
  })

  test('what was not enough in time rejects and says what came', async () => {
    const app = serving(async (stream) => {
      stream.send({ event: 'tick', data: 'x' })
      await once(stream.signal, 'abort')
    })
    await expect(collect(app, '/path', { count: 2, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'ERR_SSE_TIMEOUT',
      message:
        'GET /path: waited 100 ms for 2 events. What came: status 200, text/event-stream; 1 event (tick "x"); the connection is open.',
    })
  })

  test('an answer that does not come rejects too', async () => {
    await expect(collect(() => {}, '/', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_SSE_TIMEOUT',
      message: 'GET /: waited 50 ms for the end of the stream, and no answer has come.',
    })
  })

  test('a connection that breaks before enough has come rejects', async () => {
    const app: http.RequestListener = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n', () => response.destroy())
    }
    await expect(collect(app, '/', { count: 2 })).rejects.toThrow(
      /the connection broke while waiting for 2 events. What came: .* 1 event/,
    )
    expect((await collect(app, '/', { count: 1 })).events).toHaveLength(1)
  })

  test('rejects when nobody listens', async () => {
    const server = http.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // it listens on TCP
    server.close()
    await once(server, 'close')
    await expect(collect(`http://127.0.0.1:${port}`, '/')).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    })
  })

  test('rejects with what until throws', async () => {
    const failing = () => {
      throw new Error('my own mistake')
    }
    await expect(collect(serving(endless), '/', { until: failing })).rejects.toThrow('my own mistake')
  })

  test.each([
    [{ count: -1 }, 'count must be a whole number ≥ 0, not -1'],
    [{ timeoutMs: 0 }, 'timeoutMs must be'],
    [{ until: 'x' }, 'until must be a function'],
    [{ timeout: 5 }, 'there is no option timeout'],
  ])('refuses the options %p', async (options, message) => {
    await expect(collect(serving(endless), '/', options as object)).rejects.toMatchObject({
      code: 'ERR_SSE_OPTION',
      message: expect.stringContaining(message),
    })
  })

  test('refuses a target that is none', async () => {
    await expect(collect({} as Server, '/')).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
    await expect(collect('ftp://localhost', '/')).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
  })
})

describe('targets of collect', () => {
  test('a server that listens is left listening', async () => {
    const server = http.createServer(serving(endless)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // it listens on TCP
    expect((await collect(server, '/', { count: 3 })).events).toHaveLength(3)
    expect((await collect(`http://127.0.0.1:${port}`, '/', { count: 3 })).events).toHaveLength(3)
    expect((await collect(new URL(`http://localhost:${port}`), '/', { count: 3 })).events).toHaveLength(3)
    expect(server.listening).toBe(true)
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  test('a server that does not listen is started for as many as ask at once, and closed', async () => {
    const server = http.createServer(serving(endless))
    const counts = await Promise.all(
      [1, 20, 3].map(async (count) => (await collect(server, '/', { count })).events.length),
    )
    expect(counts).toEqual([1, 20, 3])
    expect(server.listening).toBe(false)
    expect((await collect(server, '/', { count: 2 })).events).toHaveLength(2)
    expect(server.listening).toBe(false)
    expect(server.listenerCount('connection')).toBe(http.createServer().listenerCount('connection'))
  })

  test('an HTTP/2 server without TLS', async () => {
    const events = createSse()
    const server = http2.createServer((request, response) => {
      events.open(request, response, (stream) => {
        stream.send({ data: stream.lastEventId })
        return endless(stream)
      })
    })
    const result = await collect(server, '/?a=1', { count: 2, lastEventId: 'größe' })
    expect(result).toMatchObject({ status: 200, problems: [] })
    expect(result.headers['content-type']).toBe('text/event-stream')
    expect(result.events.map(({ data }) => data)).toEqual(['größe', '{"n":1}'])
  })
})
