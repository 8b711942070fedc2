import type { ConnectOptions, FetchLike } from '@rivulet/client'
import { take } from './cases/watching.ts'
import { isState, open, serve } from './serving.ts'
import { answers, streams } from './steps.ts'

describe('requests', () => {
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

  test.each([
    ['a header of a bad name', { headers: { 'bad name': 'x' } }],
    ['a header with a line break', { headers: { 'X-Own': 'a\nb' } }],
    ['a header with a control character, which Node finds late', { headers: { 'X-Own': 'a\u0001b' } }],
    ['an id with one', { lastEventId: 'a\u0001b' }],
    ['GET with a body', { method: 'GET', body: 'x' }],
    ['a method that fetch refuses', { method: 'CONNECT' }],
  ])('%s is an error at once, not tried for ever', async (_name, options) => {
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const failed = { code: 'ERR_SSE_CLIENT_OPTION', cause: expect.anything() }
    await expect(take(open(server.url, options), 1)).rejects.toMatchObject(failed)
    expect(server.requests).toHaveLength(0)
  })

  test('so is a URL with a password in it', async () => {
    const failed = { code: 'ERR_SSE_CLIENT_OPTION' }
    await expect(take(open('http://user:secret@127.0.0.1/'), 1)).rejects.toMatchObject(failed)
  })

  test('other schemes are for whoever brings a fetch for them', async () => {
    const fetch: FetchLike = () =>
      Promise.resolve(new Response('data: 1\n\n', { headers: { 'Content-Type': 'text/event-stream' } }))
    expect(await take(open('app://own/stream', { fetch }), 1)).toMatchObject([{ data: 1 }])
  })

  test('what headers() throws is told, and asked again', async () => {
    const server = await serve(streams('data: 1\n\n', { stays: true }))
    const cause = new Error('no token now')
    let calls = 0
    const headers = () => {
      calls += 1
      return calls === 1 ? Promise.reject(cause) : { 'X-Own': 'yes' }
    }
    const connection = open(server.url, { headers })
    const told = isState(connection, 'connecting')
    expect(await take(connection, 1)).toHaveLength(1)
    expect(await told).toMatchObject({ code: 'ERR_SSE_CLIENT_NETWORK', cause })
  })

  describe.each(['headers', 'body'] as const)('%s() that never settles', (name) => {
    function never() {
      const signals: AbortSignal[] = []
      const options: ConnectOptions = {
        [name]: (signal: AbortSignal) => {
          signals.push(signal)
          return new Promise<never>(() => {})
        },
      }
      return { options, signals }
    }

    test('is given up after silenceMs, and asked again', async () => {
      const { options, signals } = never()
      const connection = open('http://127.0.0.1:1/', { ...options, silenceMs: 30 })
      const told = isState(connection, 'connecting')
      connection.on('message', () => {})
      expect(await told).toMatchObject({ code: 'ERR_SSE_CLIENT_SILENT' })
      await isState(connection, 'connecting')
      expect(signals.length).toBeGreaterThan(1)
      expect(signals[0]?.aborted).toBe(true)
    })

    test('is told to stop by close() and by reconnect()', async () => {
      const { options, signals } = never()
      const connection = open('http://127.0.0.1:1/', { ...options, silenceMs: false })
      const reconnecting = new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (signals.length === 1) connection.reconnect()
          if (signals.length < 2) return
          clearInterval(timer)
          resolve()
        }, 1)
      })
      const looping = take(connection, 1)
      await reconnecting
      connection.close()
      expect(await looping).toEqual([])
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    })
  })
})

describe('a fetch of somebody else, which does not look at the signal', () => {
  /** Gives one body, whose cancellation it tells. */
  function foreign(answer: (response: Response) => Promise<Response>, text = 'data: 1\n\n') {
    let cancelled = () => {}
    const isCancelled = new Promise<void>((resolve) => {
      cancelled = resolve
    })
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from(text)),
      cancel: () => cancelled(),
    })
    const headers = { 'Content-Type': 'text/event-stream' }
    const fetch: FetchLike = () => answer(new Response(body, { headers }))
    return { fetch, isCancelled }
  }

  test.each(['close', 'reconnect'] as const)('%s() cancels the body', async (deed) => {
    const { fetch, isCancelled } = foreign((response) => Promise.resolve(response))
    const connection = open('http://127.0.0.1/', { fetch, silenceMs: false })
    await new Promise((resolve) => connection.on('message', resolve))
    connection[deed]()
    await isCancelled
  })

  test.each(['close', 'reconnect'] as const)(
    '%s() in onState, when it is open, cancels the body',
    async (deed) => {
      const { fetch, isCancelled } = foreign((response) => Promise.resolve(response), '')
      const connection = open('http://127.0.0.1/', { fetch, silenceMs: false })
      let isDone = false
      connection.onState((state) => {
        if (state !== 'open' || isDone) return
        isDone = true
        connection[deed]()
      })
      connection.on('message', () => {})
      await isCancelled
    },
  )

  test('a response that comes too late is cancelled', async () => {
    let answer = () => {}
    const { fetch, isCancelled } = foreign(
      (response) =>
        new Promise((resolve) => {
          answer = () => resolve(response)
        }),
    )
    const connection = open('http://127.0.0.1/', { fetch, silenceMs: 20 })
    connection.on('message', () => {})
    expect(await isState(connection, 'connecting')).toMatchObject({ code: 'ERR_SSE_CLIENT_SILENT' })
    connection.close()
    answer()
    await isCancelled
  })
})
