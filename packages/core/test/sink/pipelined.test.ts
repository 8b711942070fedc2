import { once } from 'node:events'
import type { CloseReason, EventStream } from '../../src/index.ts'
import { wheel } from '../../src/stream/timer-wheel.ts'
import { type SseServer, serve, still } from '../sse/sse-server.ts'
import { pass, useFakeClock } from '../stream/fake-clock.ts'
import { get, open, parseResponse, receiveAll, receiveUntil } from './raw-http.ts'
import { writeAlone } from './story.ts'

/** A connection on which a stream waits behind a request that is answered when `answer` is called. */
async function waitingStream(options = {}) {
  let answerFirst = () => {}
  let resolve: (stream: EventStream) => void
  const opened = new Promise<EventStream>((onOpened) => {
    resolve = onOpened
  })
  const server = await serve(
    (request, response, sse) => {
      if (request.url === '/first') answerFirst = () => response.end('first')
      else resolve(sse.open(request, response))
    },
    { ...still, ...options },
  )
  const socket = open(server.port)
  socket.write(get('/first') + get('/stream', 'Connection: close'))
  return { server, socket, stream: await opened, answerFirst: () => answerFirst() }
}

function closeOf(stream: EventStream): Promise<CloseReason> {
  return new Promise((resolve) => stream.onClose(resolve))
}

async function nothingIsLeft(server: SseServer) {
  expect(server.sse.streams.size).toBe(0)
  expect(wheel.entryCount).toBe(0)
  await server.sse.close()
}

test('what is sent while a stream waits in the pipeline goes out when its turn has come', async () => {
  const { server, socket, stream, answerFirst } = await waitingStream({ maxBufferedBytes: 10_000_000 })
  const received = receiveAll(socket)
  const text = 'x'.repeat(100_000)
  expect(stream.send({ data: 'small' })).toBe(true)
  expect(writeAlone(stream, 'data: alone\n\n')).toBe(true)
  expect(stream.send({ data: text })).toBe(false)
  expect(stream.bufferedBytes).toBeGreaterThan(100_000)
  const drained = stream.drained()
  answerFirst()
  expect(await drained).toBe(true)
  expect(stream.send({ data: 'after' })).toBe(true)
  stream.close()
  const { body } = parseResponse(parseResponse(await received).rest)
  expect(body.toString()).toBe(`retry: 0\n\ndata: small\n\ndata: alone\n\ndata: ${text}\n\ndata: after\n\n`)
  await nothingIsLeft(server)
})

test('a connection that is lost closes the stream that waits on it', async () => {
  const { server, socket, stream } = await waitingStream({ heartbeatMs: 15_000 })
  stream.send({ data: 'x'.repeat(100_000) })
  const drained = stream.drained()
  const closed = closeOf(stream)
  socket.destroy()
  expect(await closed).toBe('client')
  expect(await drained).toBe(false)
  expect(stream.send({ data: 1 })).toBe(false)
  await nothingIsLeft(server)
})

test('a connection that is lost after the turn has come closes it once', async () => {
  const { server, socket, stream, answerFirst } = await waitingStream({ heartbeatMs: 15_000 })
  const reasons: CloseReason[] = []
  stream.onClose((reason) => reasons.push(reason))
  const received = receiveUntil(socket, 'retry: 0')
  answerFirst()
  await received
  const closed = closeOf(stream)
  socket.destroy()
  expect(await closed).toBe('client')
  await nothingIsLeft(server)
  expect(reasons).toEqual(['client'])
})

test('a stream that is closed while it waits says so in its turn', async () => {
  const { server, socket, stream, answerFirst } = await waitingStream()
  const received = receiveAll(socket)
  stream.end()
  expect(server.sse.streams.size).toBe(0)
  answerFirst()
  const first = parseResponse(await received)
  expect(first.body.toString()).toBe('first')
  expect(parseResponse(first.rest).body.toString()).toBe('retry: 0\n\nid: .end\nevent: $end\ndata: {}\n\n')
  await nothingIsLeft(server)
})

test('a stream that is closed as slow while it waits takes the connection with it', async () => {
  const { server, socket, stream } = await waitingStream({ maxBufferedBytes: 50_000 })
  const closed = once(socket.resume(), 'close')
  while (stream.closed === null) stream.send({ data: 'x'.repeat(10_000) })
  expect(stream.closed).toBe('slow')
  await closed
  await nothingIsLeft(server)
})

test('waiting in the pipeline is not being stalled', async () => {
  useFakeClock()
  const { server, socket, stream, answerFirst } = await waitingStream({ heartbeatMs: 15_000 })
  const received = receiveAll(socket)
  stream.send({ data: 'x'.repeat(100_000) })
  await pass(600_000)
  expect(stream.closed).toBe(null)
  stream.close()
  await pass(600_000)
  answerFirst()
  expect(parseResponse(parseResponse(await received).rest).body.length).toBeGreaterThan(100_000)
  await nothingIsLeft(server)
})
