import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Left } from './harness/server.ts'
import { request, type ServerProcess, startServer, until } from './harness/server-process.ts'

const megabyte = 1024 * 1024
const paths = ['/quiet', '/late', '/handler', '/channel', '/items', '/ends']

/** When and how a client leaves. */
const moments: readonly ((port: number, path: string) => Promise<Socket>)[] = [
  async (port) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    return socket.destroy()
  },
  async (port, path) => {
    const socket = request(port, path)
    await once(socket, 'connect')
    return socket.destroy()
  },
  async (port, path) => {
    const socket = request(port, path)
    await once(socket, 'data')
    return socket.destroy()
  },
  async (port, path) => {
    const socket = request(port, path)
    await once(socket, 'data')
    await Promise.race([once(socket, 'data'), once(socket, 'close')])
    return socket.destroy()
  },
  async (port, path) => {
    const socket = request(port, path).resume()
    await once(socket, 'data')
    return socket.end()
  },
  async (port, path) => {
    const socket = request(port, path)
    await once(socket, 'data')
    return socket.resetAndDestroy()
  },
  // Reads nothing: the server finds out while it is writing.
  async (port, path) => {
    const socket = request(port, path).pause()
    await once(socket, 'connect')
    await new Promise((resolve) => setImmediate(resolve))
    return socket.destroy()
  },
]

function oneOf<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** Does something `count` times, at most a hundred at once. */
async function many(count: number, act: () => Promise<unknown>): Promise<void> {
  let begun = 0
  const worker = async () => {
    while (begun < count) {
      begun += 1
      await act()
    }
  }
  await Promise.all(Array.from({ length: 100 }, worker))
}

/** Opens 2,000 connections and leaves them at random moments, and sends 1,000 HEAD requests. */
async function round({ port }: ServerProcess): Promise<void> {
  await many(2000, async () => {
    const socket = await oneOf(moments)(port, oneOf(paths))
    if (!socket.closed) await once(socket, 'close')
  })
  await many(10, async () => {
    const socket = connect(port, '127.0.0.1')
    for (let count = 0; count < 100; count += 1) {
      socket.write(`HEAD ${oneOf(paths)} HTTP/1.1\r\nHost: test\r\n\r\n`)
      const [head] = await once(socket, 'data')
      expect(String(head).split('\r\n')).toEqual(expect.arrayContaining(['HTTP/1.1 200 OK', '']))
    }
    socket.destroy()
  })
}

const nothing: Left = {
  streams: 0,
  wheelEntries: 0,
  connections: 0,
  signalListeners: 0,
  subscribers: 0,
  sockets: 0,
}

test('connections that come and go leave nothing behind', async () => {
  const server = await startServer()
  const memory: number[] = []
  for (let count = 0; count < 3; count += 1) {
    await round(server)
    await until(server.left, ({ connections, sockets }) => connections === 0 && sockets === 0)
    expect(await server.left()).toEqual(nothing)
    memory.push(await server.memory())
  }
  const [, second = 0, third = 0] = memory
  // A stream that is kept costs about 10 KB: a hundred of the 2,000 would show.
  expect(third - second).toBeLessThan(megabyte)
}, 120_000)
