import type { EventStream } from '../../src/index.ts'
import { StreamClient } from '../stream/opened-stream.ts'
import { type SseServer, serve, still } from './sse-server.ts'

async function withStreams(count: number): Promise<{ server: SseServer; clients: StreamClient[] }> {
  const server = await serve(
    (request, response, sse) => sse.open(request, response, { context: request.url }),
    still,
  )
  const clients: StreamClient[] = []
  for (let index = 0; index < count; index += 1)
    clients.push(await StreamClient.connect(`${server.origin}/${index}`))
  return { server, clients }
}

function contexts(streams: Iterable<EventStream>): unknown[] {
  return [...streams].map(({ context }) => context)
}

test('lists the open streams in the order in which they came, whoever has left', async () => {
  const { server, clients } = await withStreams(5)
  const { streams } = server.sse
  expect(contexts(streams)).toEqual(['/0', '/1', '/2', '/3', '/4'])
  for (const [left, rest] of [
    [2, ['/0', '/1', '/3', '/4']],
    [0, ['/1', '/3', '/4']],
    [4, ['/1', '/3']],
    [1, ['/3']],
    [3, []],
  ] as const) {
    const stream = [...streams].find(({ context }) => context === `/${left}`)
    const closed = new Promise((resolve) => stream?.onClose(resolve))
    clients[left]?.leave()
    expect(await closed).toBe('client')
    expect(contexts(streams)).toEqual(rest)
    expect(streams.size).toBe(rest.length)
  }
})

test('a stream is listed until it is closed, while its last bytes go out', async () => {
  const { server } = await withStreams(2)
  const { streams } = server.sse
  const [first, second] = streams
  if (first === undefined || second === undefined) throw new Error('two streams were opened')
  expect([streams.has(first), streams.has(second)]).toEqual([true, true])
  first.close()
  expect([streams.has(first), streams.has(second)]).toEqual([false, true])
  expect(streams.size).toBe(1)
  expect([...streams]).toEqual([second])
})

test('streams that are closed while one iterates are not given any more, and none of the others is left out', async () => {
  const { server } = await withStreams(6)
  const { streams } = server.sse
  const seen: unknown[] = []
  for (const stream of streams) {
    seen.push(stream.context)
    stream.close()
    if (stream.context === '/1') server.sse.closeWhere(({ context }) => context === '/3')
  }
  expect(seen).toEqual(['/0', '/1', '/2', '/4', '/5'])
  expect(streams.size).toBe(0)
})

test('has all that a Set has which changes nothing', async () => {
  const { server } = await withStreams(2)
  const { streams } = server.sse
  const all = [...streams]
  const changing = ['constructor', 'add', 'delete', 'clear']
  const missing = Reflect.ownKeys(Set.prototype).filter((name) => !(name in streams))
  expect(missing).toEqual(changing.filter((name) => name !== 'constructor'))
  expect([...streams.keys()]).toEqual(all)
  expect([...streams.values()]).toEqual(all)
  expect([...streams.entries()]).toEqual(all.map((stream) => [stream, stream]))
  const visited: unknown[] = []
  streams.forEach((stream, same, set) => {
    visited.push(stream, same, set)
  })
  expect(visited).toEqual(all.flatMap((stream) => [stream, stream, streams]))
  const union: unknown = Reflect.get(streams, 'union')
  if (typeof union === 'function') expect([...union.call(streams, new Set(['x']))]).toEqual([...all, 'x'])
})
