import { EventEmitter, once } from 'node:events'
import type { EventStream, Sse, StreamRequest, StreamResponse } from '../../src/index.ts'
import { exchange, get } from '../sink/raw-http.ts'
import { nextTurn } from '../sink/story.ts'
import { StreamClient } from '../stream/opened-stream.ts'
import { serve, still } from './sse-server.ts'

interface Run {
  readonly stream: EventStream
  readonly client: StreamClient
  /** What `onError` was given. */
  readonly reported: unknown[]
  readonly sse: Sse
}

/** Opens a stream with a handler. */
async function run(handler: (stream: EventStream) => unknown): Promise<Run> {
  const reported: unknown[] = []
  const streams: EventStream[] = []
  const server = await serve((request, response, sse) => streams.push(sse.open(request, response, handler)), {
    ...still,
    onError: (error, { stream, request, response }) =>
      reported.push({
        error,
        isWhole: stream.closed !== null && request.url === '/' && response.headersSent,
      }),
  })
  const client = await StreamClient.connect(server.origin)
  const [stream] = streams
  if (stream === undefined) throw new Error('no stream')
  return { stream, client, reported, sse: server.sse }
}

const end = 'id: .end\nevent: $end\ndata: {}\n\n'

describe('a handler', () => {
  test.each<[string, (stream: EventStream) => unknown]>([
    ['that returns', (stream) => stream.send({ data: 1 })],
    [
      'that awaits',
      async (stream) => {
        await nextTurn()
        stream.send({ data: 1 })
      },
    ],
    ['that pipes', (stream) => stream.pipe([1])],
  ])('%s ends the stream when it is done', async (_what, handler) => {
    const { stream, client, reported } = await run(handler)
    expect(await client.ended()).toBe(`retry: 0\n\ndata: 1\n\n${end}`)
    expect(stream.closed).toBe('end')
    expect(reported).toEqual([])
  })

  test('that closed the stream itself changes nothing by returning', async () => {
    const { stream, client } = await run((one) => one.close())
    expect(await client.ended()).toBe('retry: 0\n\n')
    expect(stream.closed).toBe('server')
  })

  const error = new Error('of the handler: secret')
  test.each<[string, (stream: EventStream) => unknown]>([
    [
      'throws',
      () => {
        throw error
      },
    ],
    ['rejects', () => Promise.reject(error)],
    [
      'throws after an await',
      async () => {
        await nextTurn()
        throw error
      },
    ],
  ])(
    'that %s closes the stream and is reported once, and the client hears nothing of it',
    async (_how, handler) => {
      const { stream, client, reported } = await run(handler)
      expect(await client.ended()).toBe('retry: 0\n\n')
      expect(client.isComplete).toBe(true)
      expect(stream.closed).toBe('error')
      expect(reported).toEqual([{ error, isWhole: true }])
    },
  )

  test('that throws something else than an error is reported with that', async () => {
    const { stream, client, reported } = await run(() => Promise.reject(undefined))
    await client.ended()
    expect(stream.closed).toBe('error')
    expect(reported).toEqual([{ error: undefined, isWhole: true }])
  })

  test('that was called off because its client left is no error', async () => {
    const { stream, client, reported } = await run(async (one) => {
      await once(new EventTarget(), 'never', { signal: one.signal })
    })
    client.leave()
    await once(stream.signal, 'abort')
    await nextTurn()
    expect(stream.closed).toBe('client')
    expect(reported).toEqual([])
  })

  test('that fails otherwise after its client left is reported', async () => {
    const { stream, client, reported } = await run(async (one) => {
      await new Promise((resolve) => one.onClose(resolve))
      throw error
    })
    client.leave()
    await once(stream.signal, 'abort')
    await nextTurn()
    expect(stream.closed).toBe('client')
    expect(reported).toEqual([{ error, isWhole: true }])
  })

  test('that is called off by somebody else than the stream is an error', async () => {
    const { stream, client, reported } = await run(() => AbortSignal.abort().throwIfAborted())
    await client.ended()
    expect(stream.closed).toBe('error')
    expect(reported).toHaveLength(1)
  })

  test.each([
    'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    get('/', 'Last-Event-ID: .end', 'Connection: close'),
  ])('does not run for a stream that was refused: %j', async (request) => {
    let runs = 0
    const server = await serve((message, response, sse) =>
      sse.open(message, response, () => {
        runs += 1
      }),
    )
    await exchange(server.port, request)
    expect(runs).toBe(0)
  })

  test('takes options after it', async () => {
    let context: unknown
    const server = await serve((request, response, sse) =>
      sse.open(
        request,
        response,
        (stream) => {
          context = stream.context
        },
        { context: 'mine', headers: { 'X-Mine': 'there' } },
      ),
    )
    const bytes = await exchange(server.port, get('/', 'Connection: close'))
    expect(bytes.toString()).toContain('X-Mine: there')
    expect(context).toBe('mine')
  })
})

describe('without onError', () => {
  test('an error of a handler is an unhandled rejection', async () => {
    const rejected = jest.spyOn(Promise, 'reject').mockResolvedValue(undefined as never)
    const error = new Error('of the handler')
    const server = await serve((request, response, sse) =>
      sse.open(request, response, () => {
        throw error
      }),
    )
    const client = await StreamClient.connect(server.origin)
    await client.ended()
    const calls = [...rejected.mock.calls]
    rejected.mockRestore()
    expect(calls).toEqual([[error]])
  })
})

describe('fail()', () => {
  async function failing(act: (sse: Sse, response: StreamResponse, request: StreamRequest) => unknown) {
    let result: unknown
    const server = await serve((request, response, sse) => {
      result = act(sse, response, request)
      if (!response.headersSent) response.end()
    })
    const client = await StreamClient.connect(server.origin)
    await client.ended()
    return result
  }

  const error = new Error('caught by the framework')
  const abort = new DOMException('called off', 'AbortError')

  test('of a response that is no stream leaves the error to the framework', async () => {
    expect(await failing((sse, response) => sse.fail(response, error))).toBe(false)
  })

  test('of an open stream closes it; the framework only reports', async () => {
    const said = await failing((sse, response, request) => {
      const stream = sse.open(request, response)
      return [sse.fail(response, error), stream.closed]
    })
    expect(said).toEqual(['report', 'error'])
  })

  test('of a closed stream: work that was called off is no error, everything else is', async () => {
    const said = await failing((sse, response, request) => {
      const stream = sse.open(request, response)
      stream.close()
      return [sse.fail(response, abort), sse.fail(response, error), stream.closed]
    })
    expect(said).toEqual(['ignore', 'report', 'server'])
  })

  test('of a stream whose response wraps every listener, as tracing with OpenTelemetry makes it do', async () => {
    const said = await failing((sse, response, request) => {
      const { on } = EventEmitter.prototype
      const wrapping: typeof on = (name, listener) =>
        on.call(response, name, (...args) => listener.apply(response, args))
      Object.assign(response, { on: wrapping })
      const stream = sse.open(request, response)
      const again = () => sse.open(request, response)
      expect(again).toThrow(expect.objectContaining({ code: 'ERR_SSE_ALREADY_OPEN' }))
      return [sse.fail(response, error), stream.closed]
    })
    expect(said).toEqual(['report', 'error'])
  })

  test('of an open stream: an abort of something else is an error', async () => {
    expect(
      await failing((sse, response, request) => {
        sse.open(request, response)
        return sse.fail(response, abort)
      }),
    ).toBe('report')
  })
})
