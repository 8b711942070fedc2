import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import type { CloseReason, EventStream, SseOptions } from '../../src/index.ts'
import { wheel } from '../../src/stream/timer-wheel.ts'
import { type Answer, type SseServer, serve, still } from '../sse/sse-server.ts'
import { pass, useFakeClock } from '../stream/fake-clock.ts'

const sessions: ClientHttp2Session[] = []

afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy()
})

function connectTo(server: SseServer): ClientHttp2Session {
  const session = connect(server.origin)
  sessions.push(session)
  return session
}

interface Opened {
  readonly server: SseServer
  readonly session: ClientHttp2Session
  readonly request: ClientHttp2Stream
  readonly stream: EventStream
}

async function openStream(options: SseOptions = {}, headers = {}): Promise<Opened> {
  const streams: EventStream[] = []
  const server = await serve(
    (request, response, sse) => {
      if (request.url === '/plain') response.end('plain')
      else streams.push(sse.open(request, response))
    },
    { ...still, ...options },
    'h2c',
  )
  const session = connectTo(server)
  const request = session.request({ ':path': '/', ...headers })
  request.on('error', () => {})
  await once(request, 'response')
  const [stream] = streams
  if (stream === undefined) throw new Error('no stream')
  return { server, session, request, stream }
}

function closeOf(stream: EventStream): Promise<CloseReason> {
  return new Promise((resolve) => stream.onClose(resolve))
}

/** Another request on the connection is answered: it lives on. */
async function answersOn(session: ClientHttp2Session): Promise<string> {
  const request = session.request({ ':path': '/plain' })
  let body = ''
  for await (const part of request) body += part
  return body
}

test('S6: no header of the connection, no Content-Length, and no warning', async () => {
  const warnings: unknown[] = []
  const onWarning = (warning: unknown) => warnings.push(warning)
  process.on('warning', onWarning)
  const server = await serve((request, response, sse) => sse.open(request, response).close(), still, 'h2c')
  const request = connectTo(server).request({ ':path': '/' })
  const [headers] = await once(request, 'response')
  await once(request.resume(), 'close')
  process.off('warning', onWarning)
  expect(headers).toMatchObject({
    ':status': 200,
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  expect(Object.keys(headers)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/connection|keep-alive|transfer-encoding|content-length/)]),
  )
  expect(warnings).toEqual([])
})

test('S7: HEAD has headers and no body', async () => {
  const reasons: unknown[] = []
  const server = await serve(
    (request, response, sse) => reasons.push(sse.open(request, response).closed),
    still,
    'h2c',
  )
  const request = connectTo(server).request({ ':path': '/', ':method': 'HEAD' })
  const [headers] = await once(request, 'response')
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream' })
  let body = ''
  for await (const part of request) body += part
  expect(body).toBe('')
  expect(reasons).toEqual(['refused'])
})

test('a client that resets its stream leaves the connection to the others', async () => {
  const { server, session, request, stream } = await openStream({ heartbeatMs: 15_000 })
  const closed = closeOf(stream)
  request.close()
  expect(await closed).toBe('client')
  expect(server.sse.streams.size).toBe(0)
  expect(wheel.entryCount).toBe(0)
  expect(await answersOn(session)).toBe('plain')
})

test('a lost connection closes all of its streams', async () => {
  const { server, session, stream } = await openStream()
  const other = session.request({ ':path': '/' })
  other.on('error', () => {})
  await once(other, 'response')
  const closed = [...server.sse.streams].map(closeOf)
  expect(closed).toHaveLength(2)
  session.destroy()
  expect(await Promise.all(closed)).toEqual(['client', 'client'])
  expect(stream.send({ data: 1 })).toBe(false)
})

test('a client that has left is `client`, also for a send that is the first to notice', async () => {
  let resolve: (seen: unknown) => void
  const seen = new Promise((onSeen) => {
    resolve = onSeen
  })
  const answer: Answer = (request, response, sse) => {
    const stream = sse.open(request, response)
    request.once('aborted', () => resolve([stream.send({ data: 1 }), stream.closed]))
  }
  const server = await serve(answer, still, 'h2c')
  const request = connectTo(server).request({ ':path': '/' })
  request.on('error', () => {})
  await once(request, 'response')
  request.close(0x8)
  expect(await seen).toEqual([false, 'client'])
})

test('a client that has left before the stream is opened', async () => {
  let resolve: (seen: unknown) => void
  const seen = new Promise((onSeen) => {
    resolve = onSeen
  })
  const answer: Answer = (request, response, sse) => {
    response.once('close', () => {
      const stream = sse.open(request, response)
      resolve([stream.closed, stream.send({ data: 1 }), sse.streams.size])
    })
  }
  const server = await serve(answer, still, 'h2c')
  const session = connectTo(server)
  session.on('error', () => {})
  session
    .request({ ':path': '/' })
    .on('error', () => {})
    .close(0x8)
  expect(await seen).toEqual(['client', false, 0])
})

test('a client that reads nothing is waited for, and goes on where it was', async () => {
  const { request, stream } = await openStream({ maxBufferedBytes: 10_000_000 })
  const text = 'x'.repeat(50_000)
  while (stream.send({ data: text }));
  let isDrained = false
  const drained = stream.drained().then((isOpen) => {
    isDrained = isOpen
    stream.close()
  })
  expect(isDrained).toBe(false)
  let length = 0
  for await (const part of request) length += part.length
  await drained
  expect(isDrained).toBe(true)
  expect((length - 'retry: 0\n\n'.length) % (text.length + 'data: \n\n'.length)).toBe(0)
})

test('a slow client loses its stream, not its connection', async () => {
  const { session, request, stream } = await openStream({ maxBufferedBytes: 200_000 })
  const ended = once(request, 'close')
  while (stream.closed === null) stream.send({ data: 'x'.repeat(50_000) })
  expect(stream.closed).toBe('slow')
  await ended
  expect(request.rstCode).toBe(0x8)
  expect(await answersOn(session)).toBe('plain')
})

test('a client that stops reading is stalled', async () => {
  useFakeClock()
  const { stream } = await openStream({ stallMs: 30_000 })
  stream.send({ data: 'x'.repeat(1_000_000) })
  await pass(29_000)
  expect(stream.closed).toBe(null)
  await pass(30_000)
  expect(stream.closed).toBe('stalled')
})

test('draining takes no more requests on the connection and lets those under way finish', async () => {
  const { server, session, request, stream } = await openStream()
  const goaway = once(session, 'goaway')
  const closed = server.sse.close()
  let body = ''
  for await (const part of request) body += part
  await Promise.all([goaway, closed])
  expect(stream.closed).toBe('shutdown')
  expect(body).toMatch(/^retry: 0\n\nretry: \d+\n\n$/)
})

test('a POST whose body never ends can be a stream', async () => {
  const { request, stream, server } = await openStream({}, { ':method': 'POST' })
  request.write('part of a body')
  stream.send({ data: 1 })
  stream.end()
  let body = ''
  for await (const part of request) body += part
  expect(body).toBe('retry: 0\n\ndata: 1\n\nid: .end\nevent: $end\ndata: {}\n\n')
  expect(server.sse.streams.size).toBe(0)
})
