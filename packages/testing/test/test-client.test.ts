import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createChannel, createSse, type EventStream } from '@rivulet/core'
import { createTestClient, type TestClient } from '@rivulet/testing'
import express from 'express'

const events = createSse()
const streams: EventStream[] = []
const clients: TestClient[] = []
let orders = createChannel('orders')
let testCount = 0

const app: http.RequestListener = (request, response) => {
  const stream = events.open(request, response)
  streams.push(stream)
  stream.subscribe(orders)
}

function client(...args: Parameters<typeof createTestClient>): TestClient {
  const made = createTestClient(...args)
  clients.push(made)
  return made
}

beforeEach(() => {
  testCount += 1
  orders = createChannel(`orders-${testCount}`)
})

afterEach(async () => {
  for (const one of clients.splice(0)) await one.close()
  streams.length = 0
  await orders.close()
})

const publish = (id: number) => orders.publish({ event: 'order.created', data: { id } })

test('comes back on command and gets what it missed, over any number of cuts', async () => {
  const ada = client(app, '/orders')
  expect(ada.state).toBe('new')
  await ada.connect()
  expect(ada.status).toBe(200)
  expect((await ada.next('$ready')).json()).toMatchObject({ resumed: false })
  for (const id of [1, 2, 3]) {
    await ada.cut()
    expect(ada.state).toBe('left')
    await publish(id)
    await ada.connect()
    expect((await ada.next('$ready')).json()).toMatchObject({ resumed: true })
    expect((await ada.next()).json()).toEqual({ id })
  }
  expect(ada.connectionCount).toBe(4)
  expect(ada.events.filter((event) => !event.isControl()).map(({ data }) => data)).toEqual([
    '{"id":1}',
    '{"id":2}',
    '{"id":3}',
  ])
})

test('the server has seen a cut when it resolves, whoever started the server', async () => {
  const server = http.createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // listens on TCP
  const ada = client(server, '/')
  const other = client(`http://127.0.0.1:${port}`, '/')
  await ada.connect()
  await other.connect()
  const [adas, others] = streams
  await ada.cut()
  expect(adas?.closed).toBe('client')
  expect(others?.closed).toBeNull()
  await other.close()
  server.close()
  await once(server, 'close')
})

async function publishBig(count: number, reader: TestClient): Promise<void> {
  const text = 'x'.repeat(500_000)
  for (let n = 0; n < count; n += 1) {
    await orders.publish({ event: 'big', data: { n, text } })
    await reader.next('big')
  }
}

test('a client that stalls falls behind, and reads on where it was', async () => {
  await orders.close()
  orders = createChannel('roomy', { retention: { maxBytes: 32 * 2 ** 20 } })
  const slow = client(app, '/')
  const quick = client(app, '/')
  await slow.connect()
  await quick.connect()
  await slow.next('$ready')
  await quick.next('$ready')
  slow.stall()
  await publishBig(30, quick)
  expect(slow.events.length).toBeLessThan(25)
  expect(streams[0]?.bufferedBytes).toBeGreaterThan(0)

  slow.resume()
  const numbers: number[] = []
  for (let n = 0; n < 30; n += 1) numbers.push((await slow.next()).json<{ n: number }>().n)
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, n) => n))
})

test('a client that stalls for longer than the channel keeps events is told how many it missed', async () => {
  const slow = client(app, '/')
  const quick = client(app, '/')
  await slow.connect()
  await quick.connect()
  await slow.next('$ready')
  await quick.next('$ready')
  slow.stall()
  await publishBig(30, quick) // 15 MB; the channel keeps 4
  slow.resume()
  const { reason, missed } = (await slow.next('$gap')).json<{ reason: string; missed: number }>()
  expect(reason).toBe('slow')
  while ((await slow.next()).json<{ n: number }>().n < 29);
  expect(slow.events.filter(({ event }) => event === 'big')).toHaveLength(30 - missed)
})

test('comes back to another server, and is told that it has another history', async () => {
  const ada = client(app, '/')
  await ada.connect()
  await publish(1)
  await ada.next()
  await ada.cut()
  const elsewhere = createChannel('elsewhere')
  await elsewhere.publish({ event: 'order.created', data: { id: 9 } })
  await ada.connect((request, response) => events.open(request, response).subscribe(elsewhere))
  expect((await ada.next('$ready')).id).not.toBe('')
  await elsewhere.close()
})

test('says how a connection ended, and what it waited for in vain', async () => {
  const ada = client(app, '/', { timeoutMs: 300 })
  await expect(ada.next()).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
  await ada.connect()
  await expect(ada.connect()).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
  await expect(ada.next('order.created')).rejects.toThrow(
    /GET \/: waited 300 ms for an event order.created.*status 200/,
  )
  streams[0]?.close()
  expect(await ada.disconnected()).toBe('ended')
  await expect(ada.next()).rejects.toThrow(/the connection is over while waiting for an event/)
  await ada.connect()
  streams[1]?.end()
  await ada.next('$end')
  await ada.disconnected()
  await ada.connect()
  expect(ada.status).toBe(204)
  await ada.close()
  await expect(ada.connect()).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
})

test('brings headers, a body and a first id with each connection', async () => {
  const seen: unknown[] = []
  const echo = express()
    .use(express.json())
    .post('/', (req, res) => {
      seen.push([req.headers['x-user'], req.headers['last-event-id'], req.body])
      events.open(req, res).send({ id: 'b', data: '' })
    })
  const ada = client(echo, '/', { headers: { 'x-user': 'ada' }, body: { n: 1 }, lastEventId: 'a' })
  for (let round = 0; round < 2; round += 1) {
    await ada.connect()
    await ada.next()
    await ada.cut()
  }
  expect(seen).toEqual([
    ['ada', 'a', { n: 1 }],
    ['ada', 'b', { n: 1 }],
  ])
})

test('leaves no connection behind, of those that the server ended either', async () => {
  const server = http.createServer((request, response) => events.open(request, response).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  const ada = client(`http://127.0.0.1:${port}`, '/')
  const sockets: Promise<unknown>[] = []
  server.on('connection', (socket) => sockets.push(once(socket, 'close').then(() => performance.now())))
  for (let round = 0; round < 2; round += 1) {
    await ada.connect()
    expect(await ada.disconnected()).toBe('ended')
  }
  const closedAt = performance.now()
  await ada.close()
  const last = Math.max(...(await Promise.all(sockets)).map(Number))
  // Far less than Node's servers wait for another request.
  expect(last - closedAt).toBeLessThan(2_000)
  expect(sockets).toHaveLength(2)
  server.close()
})

test('takes no option that there is not', () => {
  expect(() => client(app, '/', { timeout: 1 } as object)).toThrow(/no option timeout/)
  expect(() => client(app, '/', { timeoutMs: 0 })).toThrow(/timeoutMs/)
})
