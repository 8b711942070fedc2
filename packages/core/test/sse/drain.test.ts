import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { EventStream, SseOptions } from '../../src/index.ts'
import { wheel } from '../../src/stream/timer-wheel.ts'
import { exchange, get, open, parseResponse } from '../sink/raw-http.ts'
import { nextTurn } from '../sink/story.ts'
import { pass, useFakeClock } from '../stream/fake-clock.ts'
import { StreamClient } from '../stream/opened-stream.ts'
import { moreThanTheKernelTakes, openUnread } from '../stream/unread-client.ts'
import { type SseServer, serve, still } from './sse-server.ts'

async function withClients(
  count: number,
  options: SseOptions = {},
): Promise<{ server: SseServer; clients: StreamClient[] }> {
  const server = await serve((request, response, sse) => sse.open(request, response), {
    ...still,
    heartbeatMs: 15_000,
    ...options,
  })
  const clients = await Promise.all(Array.from({ length: count }, () => StreamClient.connect(server.origin)))
  return { server, clients }
}

test('S35: every client is told its own time to come back, after a complete block, and the drain resolves', async () => {
  const { server, clients } = await withClients(20)
  const streams = [...server.sse.streams]
  await server.sse.close()
  expect(streams.map((stream) => stream.closed)).toEqual(Array.from({ length: 20 }, () => 'shutdown'))
  const retries = new Set<number>()
  for (const client of clients) {
    const [, retry] = /^retry: 0\n\nretry: (\d+)\n\n$/.exec(await client.ended()) ?? []
    expect(client.isComplete).toBe(true)
    expect(Number(retry)).toBeGreaterThanOrEqual(1000)
    expect(Number(retry)).toBeLessThanOrEqual(5000)
    retries.add(Number(retry))
  }
  expect(retries.size).toBeGreaterThan(10)
  expect(server.sse.streams.size).toBe(0)
  expect(wheel.entryCount).toBe(0)
})

test('S35: hang-ups are spread over the grace time, and nothing of the drain is left afterwards', async () => {
  useFakeClock()
  const { server } = await withClients(10)
  const left: number[] = []
  let isClosed = false
  const closed = server.sse.close({ graceMs: 10_000 }).then(() => {
    isClosed = true
  })
  for (let second = 0; second < 9; second += 1) {
    left.push(server.sse.streams.size)
    await pass(1000)
  }
  expect(left[0]).toBeGreaterThanOrEqual(9)
  expect(left).toEqual([...left].sort((a, b) => b - a))
  expect(new Set(left).size).toBeGreaterThan(6)
  await pass(1000)
  await closed
  expect(isClosed).toBe(true)
  expect(jest.getTimerCount()).toBe(0)
})

test('clients that are behind are dropped when the grace is over', async () => {
  useFakeClock()
  const { server, stream } = await openUnread()
  stream.send({ data: moreThanTheKernelTakes })
  let isClosed = false
  const closed = server.sse.close({ graceMs: 5000 }).then(() => {
    isClosed = true
  })
  await pass(4900)
  expect(stream.closed).toBe('shutdown')
  expect(isClosed).toBe(false)
  expect(server.sockets.size).toBe(1)
  await pass(200)
  await closed
  for (const socket of server.sockets) await once(socket, 'close')
  expect(jest.getTimerCount()).toBe(0)
})

test('without a grace time, what was sent still goes out', async () => {
  const { server, clients } = await withClients(1)
  const [client] = clients
  for (const stream of server.sse.streams) stream.send({ data: 'x'.repeat(500_000) })
  await server.sse.close()
  expect(await client?.ended()).toMatch(/^retry: 0\n\ndata: x{500000}\n\n/)
  expect(client?.isComplete).toBe(true)
})

test('left out options are those of the application', async () => {
  useFakeClock()
  const { server, clients } = await withClients(4, { close: { graceMs: 1000, retryMs: [7000, 7000] } })
  let isClosed = false
  const closed = server.sse.close({ retryMs: [9000, 9000] }).then(() => {
    isClosed = true
  })
  await nextTurn()
  expect(isClosed).toBe(false)
  expect(server.sse.streams.size).toBeGreaterThan(0)
  await pass(1100)
  await closed
  for (const client of clients) expect(await client.ended()).toMatch(/retry: 9000\n\n$/)
})

test('nothing open: resolves at once, whenever and however often', async () => {
  const { server } = await withClients(0)
  await Promise.all([server.sse.close(), server.sse.close({ graceMs: 60_000 })])
  await server.sse.close()
})

test('called again it waits for the same end', async () => {
  useFakeClock()
  const { server } = await withClients(2)
  const done: string[] = []
  const first = server.sse.close({ graceMs: 1000 }).then(() => done.push('first'))
  const second = server.sse.close().then(() => done.push('second'))
  await nextTurn()
  expect(done).toEqual([])
  await pass(1100)
  await Promise.all([first, second])
  expect(done.sort()).toEqual(['first', 'second'])
})

test('streams that close by themselves meanwhile are not waited for', async () => {
  useFakeClock()
  const { server, clients } = await withClients(5)
  const closed = server.sse.close({ graceMs: 60_000 })
  for (const client of clients) client.leave()
  await closed
  expect(jest.getTimerCount()).toBe(0)
})

test('new streams are refused softly: an EventSource survives it', async () => {
  const { server } = await withClients(0)
  await server.sse.close({ retryMs: [7000, 7000] })
  const { statusLine, headers, body } = parseResponse(
    await exchange(server.port, get('/', 'Connection: close')),
  )
  expect(statusLine).toMatch(/ 200 /)
  expect(headers).toContainEqual(['content-type', 'text/event-stream'])
  expect(body.toString()).toBe('retry: 7000\n\n')
})

test('the connection takes no more requests, so that server.close() resolves', async () => {
  const { server } = await withClients(0)
  const socket = open(server.port).resume()
  socket.write(get('/'))
  while (server.sse.streams.size === 0) await nextTurn()
  await Promise.all([once(socket, 'end'), server.sse.close()])
  // Refused ones, too: a kept-alive connection would hold the server.
  const later = open(server.port).resume()
  later.write(get('/'))
  await once(later, 'end')
})

describe('closeWhere', () => {
  test('hangs up those that are meant, and says how many', async () => {
    const server = await serve((request, response, sse) =>
      sse.open(request, response, { context: request.url }),
    )
    const [a, b, c] = await Promise.all(
      ['/a', '/b', '/a'].map((path) => StreamClient.connect(server.origin + path)),
    )
    expect(server.sse.closeWhere((stream: EventStream) => stream.context === '/a')).toBe(2)
    expect(server.sse.streams.size).toBe(1)
    expect(await a?.ended()).toBe('retry: 0\n\n')
    expect(await c?.ended()).toBe('retry: 0\n\n')
    expect(server.sse.closeWhere(() => true)).toBe(1)
    await b?.ended()
    expect(server.sse.closeWhere(() => true)).toBe(0)
  })

  test('a predicate that throws closes nothing', async () => {
    const { server } = await withClients(2)
    expect(() =>
      server.sse.closeWhere(() => {
        throw new Error('of the predicate')
      }),
    ).toThrow('of the predicate')
    expect(server.sse.streams.size).toBe(2)
  })
})

test('the set of streams cannot be changed from outside the types, and follows what happens', async () => {
  const { server, clients } = await withClients(3)
  expect(server.sse.streams.size).toBe(3)
  clients[0]?.leave()
  const [first] = server.sse.streams
  if (first !== undefined) await new Promise((resolve) => first.onClose(resolve))
  expect(server.sse.streams.size).toBe(2)
  const request = httpRequest(server.origin, { method: 'HEAD' }).end()
  await once(request, 'response')
  expect(server.sse.streams.size).toBe(2)
})
