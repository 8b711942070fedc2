import { getEventListeners, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { CloseReason, EventStream, Sse } from '../../src/index.ts'
import { wheel } from '../../src/stream/timer-wheel.ts'
import { get, open } from '../sink/raw-http.ts'
import { nextTurn } from '../sink/story.ts'
import { firstStream, serve, still } from '../sse/sse-server.ts'
import { closeOf, openStream, StreamClient } from './opened-stream.ts'

/** Ways in which an open stream comes to its end. */
interface Case {
  readonly stream: EventStream
  readonly response: ServerResponse
  readonly sse: Sse
  readonly controller: AbortController
  readonly client: StreamClient
}

const ways: readonly (readonly [how: string, reason: CloseReason, act: (opened: Case) => void])[] = [
  ['close()', 'server', ({ stream }) => stream.close()],
  ['end()', 'end', ({ stream }) => stream.end()],
  ['the option signal', 'server', ({ controller }) => controller.abort()],
  ['closeWhere()', 'server', ({ sse, stream }) => sse.closeWhere((one) => one === stream)],
  ['a drain', 'shutdown', ({ sse }) => void sse.close()],
  [
    'an error that the framework passes on',
    'error',
    ({ sse, response }) => sse.fail(response, new Error('x')),
  ],
  ['somebody else’s end', 'server', ({ response }) => response.end()],
  ['somebody else’s destroy', 'client', ({ response }) => response.destroy()],
  ['a client that leaves', 'client', ({ client }) => client.leave()],
  ['a socket that is reset', 'client', ({ response }) => response.socket?.resetAndDestroy()],
  ['a socket that fails', 'client', ({ response }) => response.socket?.destroy(new Error('of the socket'))],
]

async function openCase(): Promise<Case> {
  const controller = new AbortController()
  let resolve: (opened: Omit<Case, 'client' | 'controller'>) => void
  const opened = new Promise<Omit<Case, 'client' | 'controller'>>((onOpened) => {
    resolve = onOpened
  })
  const server = await serve(
    (request, response, sse) => {
      const stream = sse.open(request, response)
      resolve({ stream, sse, response: response as ServerResponse }) // an HTTP/1.1 server
    },
    { ...still, signal: controller.signal, heartbeatMs: 60_000 },
  )
  const client = await StreamClient.connect(server.origin)
  return { ...(await opened), client, controller }
}

describe.each(ways)('closed by %s', (_how, reason, act) => {
  test(`is closed once, as ${reason}, and everybody hears of it`, async () => {
    const opened = await openCase()
    const { stream, sse, controller, client } = opened
    const heard: unknown[] = []
    const { signal } = stream
    stream.onClose((told) => heard.push(['first', told, stream.closed, stream.send({ data: 'late' })]))
    signal.addEventListener('abort', () => heard.push(['signal', stream.closed]))
    stream.onClose((told) => heard.push(['second', told]))
    const taken = stream.onClose(() => heard.push(['taken off']))
    taken()
    await client.until('retry: 0\n\n')
    act(opened)
    await closeOf(stream)
    expect(heard).toEqual([
      ['signal', reason],
      ['first', reason, reason, false],
      ['second', reason],
    ])
    expect(signal).toBe(stream.signal)
    expect(signal.reason).toMatchObject({ name: 'AbortError', message: `The stream was closed: ${reason}.` })
    expect([stream.comment('late'), await stream.drained(), await stream.pipe(['late'])]).toEqual([
      false,
      false,
      false,
    ])
    for (const [, , again] of ways) again(opened)
    await client.ended()
    await nextTurn()
    expect(heard).toHaveLength(3)
    expect(stream.closed).toBe(reason)
    expect(sse.streams.size).toBe(0)
    expect(wheel.entryCount).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    expect(client.received).not.toContain('late')
  })
})

test('S34: half a connection closed by the client is the client leaving', async () => {
  const { opened, open: answer } = firstStream()
  const server = await serve(answer)
  const socket = open(server.port).resume()
  socket.write(get('/'))
  const stream = await opened
  socket.end()
  expect(await closeOf(stream)).toBe('client')
  expect(server.sse.streams.size).toBe(0)
})

test('a client that left is noticed when its last bytes are still unread', async () => {
  const { stream, client } = await openStream({ maxBufferedBytes: 10 ** 9 })
  for (let count = 0; count < 10; count += 1) stream.send({ data: 'x'.repeat(1_000_000) })
  const drained = stream.drained()
  client.leave()
  expect(await closeOf(stream)).toBe('client')
  expect(await drained).toBe(false)
})

test('a request whose body has been read is not a client that left', async () => {
  const { opened, open: answer } = firstStream()
  const server = await serve(async (request, response, sse) => {
    request.resume()
    await once(request, 'end')
    await nextTurn()
    await answer(request, response, sse)
  })
  const socket = open(server.port).resume()
  socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody')
  const stream = await opened
  for (let turn = 0; turn < 5; turn += 1) await nextTurn()
  expect(stream.closed).toBe(null)
})

test('on a closed stream mistakes are still mistakes', async () => {
  const { stream } = await openStream()
  stream.close()
  expect(() => stream.send({ event: 'a\nb', data: 1 })).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_EVENT' }),
  )
  expect(() => stream.send({ data: undefined })).toThrow(expect.objectContaining({ code: 'ERR_SSE_DATA' }))
  expect(() => stream.comment(7 as never)).toThrow(expect.objectContaining({ code: 'ERR_SSE_COMMENT' }))
})

describe('the first who closes gives the reason', () => {
  test('in one tick', async () => {
    const { stream } = await openStream()
    stream.end()
    stream.close()
    expect(stream.closed).toBe('end')
  })

  test('also from within a listener', async () => {
    const { stream } = await openStream()
    const reasons: CloseReason[] = []
    stream.onClose((reason) => {
      stream.end()
      reasons.push(reason)
    })
    stream.close()
    expect(reasons).toEqual(['server'])
    expect(stream.closed).toBe('server')
  })
})

describe('onClose', () => {
  test('on a closed stream runs at once, with the reason', async () => {
    const { stream } = await openStream()
    stream.end()
    const reasons: CloseReason[] = []
    const takeOff = stream.onClose((reason) => reasons.push(reason))
    expect(reasons).toEqual(['end'])
    takeOff()
  })

  test('within a listener runs at once, too', async () => {
    const { stream } = await openStream()
    const heard: string[] = []
    stream.onClose(() => {
      stream.onClose(() => heard.push('inner'))
      heard.push('outer')
    })
    stream.close()
    expect(heard).toEqual(['inner', 'outer'])
  })

  test('a function given twice is called twice, and taken off once at a time', async () => {
    const { stream } = await openStream()
    let calls = 0
    const listener = () => {
      calls += 1
    }
    stream.onClose(listener)
    const takeOff = stream.onClose(listener)
    stream.onClose(listener)
    takeOff()
    takeOff()
    stream.close()
    expect(calls).toBe(2)
  })

  test('a listener taken off by another is not called any more', async () => {
    const { stream } = await openStream()
    let isCalled = false
    stream.onClose(() => takeOff())
    const takeOff = stream.onClose(() => {
      isCalled = true
    })
    stream.close()
    expect(isCalled).toBe(false)
  })

  test('a listener that throws, or rejects, is reported, and the others still run', async () => {
    const reported: unknown[] = []
    const { stream, server } = await openStream({
      onError: (error, context) => reported.push([error, context.stream === stream]),
    })
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
    const heard: string[] = []
    stream.onClose(() => {
      throw thrown
    })
    stream.onClose(async () => {
      await nextTurn()
      throw rejected
    })
    stream.onClose(() => heard.push('the last'))
    stream.close()
    expect(heard).toEqual(['the last'])
    expect(server.sse.streams.size).toBe(0)
    await nextTurn()
    await nextTurn()
    expect(reported).toEqual([
      [thrown, true],
      [rejected, true],
    ])
    stream.onClose(() => {
      throw thrown
    })
    expect(reported).toHaveLength(3)
  })
})

describe('signal', () => {
  test('of a closed stream is aborted', async () => {
    const { stream } = await openStream()
    stream.close()
    expect(stream.signal.aborted).toBe(true)
    expect(stream.signal.reason).toMatchObject({ name: 'AbortError' })
    expect(() => stream.signal.throwIfAborted()).toThrow('The stream was closed: server.')
  })

  test('the option, aborted before, closes at once', async () => {
    const controller = new AbortController()
    controller.abort()
    const { stream, client } = await openStream({ signal: controller.signal })
    expect(stream.closed).toBe('server')
    expect(await client.ended()).toBe('retry: 0\n\n')
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})

test('bytes sent before a close all arrive', async () => {
  for (const close of ['close', 'end'] as const) {
    const { stream, client } = await openStream({ maxBufferedBytes: 10 ** 8 })
    for (let count = 0; count < 20; count += 1) stream.send({ data: 'x'.repeat(100_000) })
    stream[close]()
    const received = await client.ended()
    expect(received.match(/x{100000}\n\n/g)).toHaveLength(20)
    expect(client.isComplete).toBe(true)
  }
})
