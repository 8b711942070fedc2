import { type ChildProcess, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import {
  createSse,
  type EventStream,
  type Sse,
  type SseOptions,
  type StreamCloseMessage,
  type StreamHandler,
  type StreamOptions,
} from '@rivulet/core'
import { until } from './until.ts'

export interface WorldOptions {
  readonly options?: SseOptions
  /** Options of each stream. */
  streamOptions?(): StreamOptions
  /** What is done with each stream right after it was opened; or the form with a handler. */
  readonly onStream?: (stream: EventStream) => void
  readonly handler?: StreamHandler | undefined
}

/** A server whose only route opens a stream, and what was told of those that closed. */
export interface World {
  readonly sse: Sse
  readonly streams: readonly EventStream[]
  readonly closes: readonly StreamCloseMessage[]
  /** Opens a connection and sends a request; a plain one unless told otherwise. */
  ask(head?: string): Socket
  /** A client in a process of its own, which reads what comes. */
  askFromProcess(): ChildProcess
  /** Until so many streams are open. */
  opened(count: number): Promise<void>
  close(): Promise<void>
}

export const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'

const worlds = new Set<World>()

afterEach(async () => {
  for (const world of worlds) await world.close()
})

export async function startWorld({
  options,
  streamOptions,
  onStream,
  handler,
}: WorldOptions): Promise<World> {
  const sse = createSse({ heartbeatMs: 50, ...options })
  const streams: EventStream[] = []
  const closes: StreamCloseMessage[] = []
  const sockets: Socket[] = []
  const children: ChildProcess[] = []
  const listener = (message: unknown) => {
    closes.push(message as StreamCloseMessage) // documented for the channel
  }
  subscribe('rivulet:stream.close', listener)
  const server = createServer((request, response) => {
    const own = streamOptions?.() ?? {}
    const stream =
      handler === undefined ? sse.open(request, response, own) : sse.open(request, response, handler, own)
    streams.push(stream)
    if (stream.closed === null) onStream?.(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server's
  const world: World = {
    sse,
    streams,
    closes,
    ask(head = get) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(head)
      sockets.push(socket)
      return socket
    },
    askFromProcess() {
      const program = `require('node:http').get('http://127.0.0.1:${port}', (response) => response.resume())`
      const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
      children.push(child)
      return child
    },
    opened: (count) => until(() => sse.streams.size === count, `${count} open streams`),
    async close() {
      worlds.delete(world)
      for (const socket of sockets) socket.destroy()
      for (const child of children) child.kill('SIGKILL')
      server.close()
      await sse.close()
      server.closeAllConnections()
      unsubscribe('rivulet:stream.close', listener)
    },
  }
  worlds.add(world)
  return world
}
