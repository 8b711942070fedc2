import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { wheel } from '../../src/stream/timer-wheel.ts'
import { get, open } from '../sink/raw-http.ts'
import { nextTurn } from '../sink/story.ts'
import { serve, still } from '../sse/sse-server.ts'
import { pass, useFakeClock } from './fake-clock.ts'
import { StreamClient } from './opened-stream.ts'
import { moreThanTheKernelTakes, openUnread } from './unread-client.ts'

/** Resolves when the server has let go of all its connections. */
async function allGone(sockets: ReadonlySet<Socket>): Promise<void> {
  await Promise.all([...sockets].map((socket) => socket.closed || once(socket, 'close')))
}

test('S33: a client that reads nothing is closed as `slow`, and others notice nothing', async () => {
  const { server, stream } = await openUnread({ maxBufferedBytes: 100_000 })
  const closed: unknown[] = []
  stream.onClose((reason) => closed.push([reason, stream.bufferedBytes]))
  stream.send({ data: moreThanTheKernelTakes })
  expect(stream.closed).toBe(null)
  const others = [await StreamClient.connect(server.origin), await StreamClient.connect(server.origin)]
  for (const each of server.sse.streams) each.send({ data: 'one more' })
  expect(closed).toEqual([['slow', 0]])
  for (const client of others)
    expect(await client.until('one more\n\n')).toBe('retry: 0\n\ndata: one more\n\n')
  expect(server.sse.streams.size).toBe(2)
  expect(server.sockets.size).toBe(2)
})

test('a stream that is behind takes events up to maxBufferedBytes and not one more', async () => {
  const { stream } = await openUnread({ maxBufferedBytes: 300_000 })
  const block = 100_000 - 'data: \n\n'.length
  let count = 0
  while (stream.closed === null) {
    const before = stream.bufferedBytes
    stream.send({ data: 'x'.repeat(block) })
    if (stream.closed === null) expect(stream.bufferedBytes).toBeLessThanOrEqual(300_000)
    else expect(before + block).toBeGreaterThan(200_000)
    count += 1
  }
  expect(stream.closed).toBe('slow')
  expect(count).toBeGreaterThanOrEqual(3)
})

test('an event larger than maxBufferedBytes goes to a client that is not behind, right after the opening too', async () => {
  const { stream, socket } = await openUnread({ maxBufferedBytes: 1000 })
  stream.send({ data: 'x'.repeat(100_000) })
  expect(stream.closed).toBe(null)
  socket.resume()
  expect(await stream.drained()).toBe(true)
  stream.send({ data: 'x'.repeat(100_000) })
  expect(stream.closed).toBe(null)
})

describe('stalled', () => {
  beforeEach(useFakeClock)

  test('a write that is not completed for stallMs closes the stream', async () => {
    const { server, stream } = await openUnread({ stallMs: 30_000 })
    stream.send({ data: moreThanTheKernelTakes })
    await pass(29_000)
    expect(stream.closed).toBe(null)
    await pass(2_000)
    expect(stream.closed).toBe('stalled')
    await allGone(server.sockets)
    expect(wheel.entryCount).toBe(0)
  })

  test('whoever reads again in time is not stalled', async () => {
    const { stream, socket } = await openUnread({ stallMs: 30_000 })
    stream.send({ data: moreThanTheKernelTakes })
    await pass(29_000)
    socket.resume()
    expect(await stream.drained()).toBe(true)
    await pass(600_000)
    expect(stream.closed).toBe(null)
    stream.send({ data: 'x' })
    expect(stream.closed).toBe(null)
  })

  test('each completed write starts the watch anew', async () => {
    const { stream, socket } = await openUnread({ stallMs: 30_000, maxBufferedBytes: 10 ** 9 })
    for (let count = 0; count < 3; count += 1) {
      // In a turn of its own each is a write of its own.
      stream.send({ data: moreThanTheKernelTakes })
      await nextTurn()
    }
    const before = stream.bufferedBytes
    await pass(20_000)
    socket.resume()
    while (stream.bufferedBytes === before) await nextTurn()
    socket.pause()
    expect(stream.bufferedBytes).toBeGreaterThan(0)
    await pass(20_000)
    expect(stream.closed).toBe(null)
    await pass(20_000)
    expect(stream.closed).toBe('stalled')
  })

  test('off means off', async () => {
    const { stream } = await openUnread({ stallMs: false })
    stream.send({ data: moreThanTheKernelTakes })
    await pass(3_600_000)
    expect(stream.closed).toBe(null)
  })

  test('also found when somebody else wrote what is not read', async () => {
    let closed: () => unknown = () => null
    const server = await serve(
      (request, serverResponse, sse) => {
        const response = serverResponse as ServerResponse // an HTTP/1.1 server
        const stream = sse.open(request, response)
        closed = () => stream.closed
        response.write(moreThanTheKernelTakes)
      },
      { ...still, heartbeatMs: 1000 },
    )
    const socket = open(server.port).pause()
    socket.write(get('/'))
    while (server.sse.streams.size === 0) await nextTurn()
    await pass(60_000)
    expect(closed()).toBe('stalled')
  })
})

describe('a closed stream whose client does not take the last bytes lets go of the connection', () => {
  beforeEach(useFakeClock)

  test.each<[string, (response: ServerResponse, close: () => void) => void]>([
    ['close()', (_, close) => close()],
    ["somebody else's end, noticed by a send", (response, _) => response.end()],
  ])('%s', async (_how, close) => {
    const seen: unknown[] = []
    const server = await serve((request, serverResponse, sse) => {
      const response = serverResponse as ServerResponse // an HTTP/1.1 server
      const stream = sse.open(request, response)
      stream.send({ data: moreThanTheKernelTakes })
      close(response, () => stream.close())
      seen.push(stream.send({ data: 'late' }), stream.closed)
    })
    const socket = open(server.port).pause()
    socket.write(get('/'))
    while (seen.length === 0) await nextTurn()
    expect(seen).toEqual([false, 'server'])
    expect(server.sse.streams.size).toBe(0)
    await pass(29_000)
    await nextTurn()
    expect(server.sockets.size).toBe(1)
    await pass(2_000)
    await allGone(server.sockets)
    expect(wheel.entryCount).toBe(0)
  })

  test('and one that takes them gets them all', async () => {
    const { server, stream, socket } = await openUnread()
    stream.send({ data: moreThanTheKernelTakes })
    stream.end()
    await pass(20_000)
    let length = 0
    let tail = ''
    socket.on('data', (part) => {
      length += part.length
      tail = part.toString('latin1').slice(-200)
    })
    socket.resume()
    while (!tail.endsWith('0\r\n\r\n')) await once(socket, 'data')
    expect(tail).toContain('event: $end\n')
    expect(length).toBeGreaterThan(moreThanTheKernelTakes.length)
    expect(wheel.entryCount).toBe(0)
    await server.sse.close()
  })
})
