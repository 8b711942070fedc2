import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { EventStream, SseOptions, StreamOptions } from '../../src/index.ts'
import {
  open as connect,
  exchange,
  get,
  parseResponse,
  type RawResponse,
  receiveUntil,
} from '../sink/raw-http.ts'
import { nextTurn } from '../sink/story.ts'
import { StreamClient } from '../stream/opened-stream.ts'
import { serve, still } from './sse-server.ts'

const close = 'Connection: close'

/** The response to one request whose stream is closed at once, and that stream. */
async function opened(
  request: string,
  given: { app?: SseOptions; call?: StreamOptions; before?: (response: ServerResponse) => void } = {},
): Promise<RawResponse & { stream: EventStream; header(name: string): string | undefined }> {
  const streams: EventStream[] = []
  const server = await serve(
    (message, serverResponse, sse) => {
      given.before?.(serverResponse as ServerResponse) // an HTTP/1.1 server
      const stream = sse.open(message, serverResponse, given.call)
      streams.push(stream)
      stream.close()
    },
    { ...still, ...given.app },
  )
  const response = parseResponse(await exchange(server.port, request))
  const [stream] = streams
  if (stream === undefined) throw new Error('no stream')
  const header = (name: string) => response.headers.find(([one]) => one === name)?.[1]
  return { ...response, stream, header }
}

describe('the head', () => {
  test('S1: goes out with the first bytes, before any event', async () => {
    const server = await serve((request, response, sse) => sse.open(request, response))
    const socket = connect(server.port)
    socket.write(get('/'))
    const received = String(await receiveUntil(socket, '\n\n\r\n'))
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(received).toMatch(/\r\n\r\na\r\nretry: 0\n\n\r\n$/)
    socket.destroy()
  })

  test.each([204, 304, 100])(
    'a status of %d that was set before is refused: it has no body',
    async (status) => {
      const thrown: unknown[] = []
      const server = await serve((request, response, sse) => {
        response.statusCode = status
        try {
          sse.open(request, response)
        } catch (error) {
          thrown.push(error)
          response.statusCode = 500
          response.end()
        }
      })
      await exchange(server.port, get('/', close))
      expect(thrown).toMatchObject([{ code: 'ERR_SSE_OPTION', value: status }])
    },
  )

  test('S2, S3, S4: type, caching and buffering, each once', async () => {
    const { statusLine, headers } = await opened(get('/', close))
    expect(statusLine).toBe('HTTP/1.1 200 OK')
    const mine = headers.filter(([name]) => /content-type|cache-control|x-accel-buffering/.test(name))
    expect(mine).toEqual([
      ['content-type', 'text/event-stream'],
      ['cache-control', 'no-store, no-transform'],
      ['x-accel-buffering', 'no'],
    ])
  })

  test('S5: HTTP/1.1 is chunked, has no Content-Length, and the Connection header is Node’s', async () => {
    const { headers, header } = await opened(get('/', close), {
      before: (response) => response.setHeader('Content-Length', '7'),
    })
    expect(header('transfer-encoding')).toBe('chunked')
    expect(header('content-length')).toBe(undefined)
    expect(headers.filter(([name]) => name === 'connection')).toEqual([['connection', 'close']])
  })

  test('S41: the first byte is no byte order mark', async () => {
    const { body } = await opened(get('/', close))
    expect(body[0]).toBe('r'.charCodeAt(0))
  })

  test('headers set before stay, lists of them too', async () => {
    const { headers, header } = await opened(get('/', close), {
      before(response) {
        response.setHeader('Set-Cookie', ['a=1', 'b=2; Path=/'])
        response.setHeader('Access-Control-Allow-Origin', 'https://example.test')
        response.setHeader('Vary', 'Origin')
        response.appendHeader('X-Two', 'one')
        response.appendHeader('X-Two', 'two')
      },
    })
    expect(headers.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2; Path=/'],
    ])
    expect(header('access-control-allow-origin')).toBe('https://example.test')
    expect(header('vary')).toBe('Origin')
    expect(headers.filter(([name]) => name === 'x-two').map(([, value]) => value)).toEqual(['one', 'two'])
  })

  test('Rivulet’s headers win over those set before, the options win over both, the call’s over the application’s', async () => {
    const { header } = await opened(get('/', close), {
      before(response) {
        response.setHeader('Content-Type', 'text/html')
        response.setHeader('Cache-Control', 'public, max-age=60')
        response.setHeader('X-Mine', 'before')
      },
      app: { headers: { 'X-Mine': 'app', 'X-App': 'app', 'x-accel-buffering': 'yes' } },
      call: {
        headers: { 'x-mine': 'call', 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Number': 7 },
      },
    })
    expect(header('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(header('cache-control')).toBe('no-store, no-transform')
    expect(header('x-accel-buffering')).toBe('yes')
    expect(header('x-mine')).toBe('call')
    expect(header('x-app')).toBe('app')
    expect(header('x-number')).toBe('7')
  })

  test('the status is the option’s, else the response’s own', async () => {
    const respond = (status: number) => (response: ServerResponse) => {
      response.statusCode = status
    }
    expect((await opened(get('/', close), { before: respond(201) })).statusLine).toMatch(/ 201 /)
    const { statusLine } = await opened(get('/', close), { before: respond(201), call: { status: 202 } })
    expect(statusLine).toMatch(/ 202 /)
  })

  test('what sets headers when the head is written is waited for', async () => {
    const { header } = await opened(get('/', close), {
      before(response) {
        const { writeHead } = response
        response.writeHead = (...given: unknown[]) => {
          response.setHeader('X-Late', 'there')
          return Reflect.apply(writeHead, response, given)
        }
      },
    })
    expect(header('x-late')).toBe('there')
  })
})

describe('requests that get no stream', () => {
  test('S7: HEAD gets the headers, no body, and a closed stream', async () => {
    for (const path of ['/', '/?lastEventId=x.end']) {
      const { statusLine, header, body, stream } = await opened(
        `HEAD ${path} HTTP/1.1\r\nHost: x\r\n${close}\r\n\r\n`,
        {
          app: { headers: { 'X-Mine': 'there' } },
        },
      )
      expect(statusLine).toMatch(/ 200 /)
      expect(header('content-type')).toBe('text/event-stream')
      expect(header('x-mine')).toBe('there')
      expect(body).toHaveLength(0)
      expect(stream.closed).toBe('refused')
    }
  })

  test.each([
    ['text/html', 406],
    ['text/event-stream;q=0', 406],
    ['text/event-stream', 200],
    ['*/*', 200],
  ])('S8: with negotiate, Accept %j is answered %p', async (accept, status) => {
    const { statusLine, header, stream, body } = await opened(get('/', `Accept: ${accept}`, close), {
      app: { negotiate: true, headers: { 'Access-Control-Allow-Origin': '*' } },
      before: (response) => response.setHeader('Vary', 'Origin'),
    })
    expect(statusLine).toContain(` ${status} `)
    expect(header('vary')).toBe('Origin, Accept')
    expect(header('access-control-allow-origin')).toBe('*')
    expect(stream.closed).toBe(status === 406 ? 'refused' : 'server')
    if (status === 406) {
      expect(header('content-type')).toBe('text/plain; charset=utf-8')
      expect(header('content-length')).toBe(String(body.length))
      expect(body.toString()).toContain('accept text/event-stream')
    }
  })

  test.each([
    [undefined, 'Accept'],
    ['*', '*'],
    ['accept', 'accept'],
    ['Origin, Accept , X', 'Origin, Accept , X'],
    [['Origin', 'X'], 'Origin, X, Accept'],
  ])('S8: Vary %j becomes %j', async (before, after) => {
    const { header } = await opened(get('/', close), {
      app: { negotiate: true },
      before: (response) => before !== undefined && response.setHeader('Vary', before),
    })
    expect(header('vary')).toBe(after)
  })

  test('S8: without negotiate nobody asks', async () => {
    const { statusLine, header } = await opened(get('/', 'Accept: text/html', close))
    expect(statusLine).toMatch(/ 200 /)
    expect(header('vary')).toBe(undefined)
  })

  test.each(['Last-Event-ID: x.end', 'Last-Event-ID: .end'])('S38: %s is answered 204', async (line) => {
    const { statusLine, header, body, stream } = await opened(get('/', line, close), {
      app: { headers: { 'Access-Control-Allow-Origin': '*' } },
      before(response) {
        response.setHeader('Content-Type', 'text/html')
        response.setHeader('Set-Cookie', 'a=1')
      },
    })
    expect(statusLine).toMatch(/^HTTP\/1\.1 204 /)
    expect(body).toHaveLength(0)
    expect(header('content-type')).toBe(undefined)
    expect(header('cache-control')).toBe('no-store')
    expect(header('set-cookie')).toBe('a=1')
    // Without it a browser takes the answer for a failed one, not for the end.
    expect(header('access-control-allow-origin')).toBe('*')
    expect(stream.closed).toBe('end')
  })

  test('S38: from the query, too', async () => {
    const { statusLine, stream } = await opened(get('/?lastEventId=abc.end', close))
    expect(statusLine).toMatch(/ 204 /)
    expect(stream.lastEventId).toBe('abc.end')
  })

  test('a client that has left before gets nothing, and the stream is closed', async () => {
    let resolve: (seen: unknown) => void
    const seen = new Promise((onSeen) => {
      resolve = onSeen
    })
    const server = await serve((request, response, sse) => {
      response.once('close', () => {
        const stream = sse.open(request, response, () => resolve('the handler ran'))
        resolve([stream.closed, stream.send({ data: 1 }), sse.streams.size])
      })
      request.socket.destroy()
    })
    connect(server.port).write(get('/'))
    expect(await seen).toEqual(['client', false, 0])
  })

  test('refused streams can be used like all others', async () => {
    const { stream } = await opened('HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', {
      app: { context: { user: 1 } },
    })
    const reasons: unknown[] = []
    stream.onClose((reason) => reasons.push(reason))
    expect(reasons).toEqual(['refused'])
    expect(stream.signal.aborted).toBe(true)
    expect(stream.send({ data: 1 })).toBe(false)
    expect(stream.comment('x')).toBe(false)
    expect(stream.bufferedBytes).toBe(0)
    expect(await stream.drained()).toBe(false)
    expect(await stream.pipe(['x'])).toBe(false)
    expect(stream.context).toEqual({ user: 1 })
    stream.close()
    stream.end()
    expect(stream.closed).toBe('refused')
  })
})

describe('misuse throws', () => {
  /** What a second call of `open` throws. */
  async function thrownAfter(
    before: (response: ServerResponse, open: () => void) => unknown,
  ): Promise<unknown> {
    let error: unknown
    const server = await serve(async (request, serverResponse, sse) => {
      const response = serverResponse as ServerResponse // an HTTP/1.1 server
      await before(response, () => void sse.open(request, response))
      try {
        sse.open(request, response)
      } catch (thrown) {
        error = thrown
      }
      response.end()
    })
    await exchange(server.port, get('/', close))
    return error
  }

  test.each<[string, (response: ServerResponse, open: () => void) => unknown]>([
    ['open', (_, open) => open()],
    [
      'closed',
      async (response, open) => {
        open()
        response.end()
        await nextTurn()
      },
    ],
  ])('a second stream on a response whose first is %s', async (_state, before) => {
    expect(await thrownAfter(before)).toMatchObject({
      name: 'SseError',
      code: 'ERR_SSE_ALREADY_OPEN',
      message: expect.stringContaining('keep the one'),
    })
  })

  test.each<[string, (response: ServerResponse) => unknown]>([
    ['writeHead', (response) => response.writeHead(200)],
    ['flushHeaders', (response) => response.flushHeaders()],
    ['write', (response) => response.write('x')],
    ['end', (response) => response.end('x')],
  ])('a stream after %s', async (_what, before) => {
    expect(await thrownAfter(before)).toMatchObject({
      code: 'ERR_SSE_HEADERS_SENT',
      message: expect.stringContaining('before the stream is opened'),
    })
  })

  test('bad options of a call, before anything is sent', async () => {
    let error: unknown
    const server = await serve((request, response, sse) => {
      try {
        sse.open(request, response, { heartbeatMs: 0 })
      } catch (thrown) {
        error = thrown
        sse.open(request, response).close()
      }
    })
    const { statusLine } = parseResponse(await exchange(server.port, get('/', close)))
    expect(error).toMatchObject({ code: 'ERR_SSE_OPTION', value: 0 })
    expect(statusLine).toMatch(/ 200 /)
  })
})

describe('nothing that a client sends makes it throw', () => {
  test.each([
    ['a Host that is no host', 'GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n'],
    ['a Host with an impossible port', 'GET / HTTP/1.1\r\nHost: x:99999999\r\nConnection: close\r\n\r\n'],
    ['a target that is no path', 'GET //[/?lastEventId[]=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['a query that cannot be decoded', get('/?lastEventId=%ZZ%', close)],
    ['several ids', get('/', 'Last-Event-ID: 1', 'Last-Event-ID: 2', close)],
    ['an id with other bytes', get('/', 'Last-Event-ID: \u00ff\u00fe', close)],
    ['an id called __proto__', get('/?lastEventId=__proto__&__proto__[x]=1', close)],
    ['an Accept of nonsense', get('/', 'Accept: ;;,,q=;"', close)],
  ])('%s', async (_what, request) => {
    const { statusLine, body } = await opened(request)
    expect(statusLine).toMatch(/ 200 /)
    expect(body.toString()).toBe('retry: 0\n\n')
  })

  test('S30: an id of nearly all that Node takes as headers is cut', async () => {
    const { statusLine, stream } = await opened(get('/', `Last-Event-ID: ${'x'.repeat(15_000)}`, close))
    expect(statusLine).toMatch(/ 200 /)
    expect(stream.lastEventId).toBe('x'.repeat(1_024))
  })
})

test('S29, S30: lastEventId is the header’s, decoded, else the query’s', async () => {
  const utf8 = Buffer.from('…').toString('latin1')
  const ids: unknown[] = []
  for (const request of [
    get('/?lastEventId=query', 'Last-Event-ID: header', close),
    get('/?lastEventId=query', close),
    get('/', 'last-event-id:  padded ', close),
    get('/', close),
  ]) {
    ids.push((await opened(request)).stream.lastEventId)
  }
  expect(ids).toEqual(['header', 'query', 'padded', null])
  const server = await serve((request, response, sse) => {
    ids.push(sse.open(request, response).lastEventId)
  })
  const client = await StreamClient.connect(server.origin, {
    headers: { 'Last-Event-ID': utf8 } satisfies OutgoingHttpHeaders,
  })
  client.leave()
  expect(ids.at(-1)).toBe('…')
})
