import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { EventStream, SseOptions } from '../../src/index.ts'
import { get, open } from '../sink/raw-http.ts'
import { firstStream, type SseServer, serve, still } from '../sse/sse-server.ts'

/** A client that reads nothing, and the stream that was opened for it. */
export interface UnreadClient {
  readonly server: SseServer
  readonly stream: EventStream
  readonly socket: Socket
}

/** More than all buffers of the kernel between two sockets of one machine hold. */
export const moreThanTheKernelTakes = 'x'.repeat(24 * 1024 * 1024)

export async function openUnread(options: SseOptions = {}): Promise<UnreadClient> {
  const { opened, open: answer } = firstStream()
  const server = await serve(answer, { ...still, ...options })
  const socket = open(server.port)
  await once(socket, 'connect')
  socket.pause()
  socket.write(get('/'))
  return { server, socket, stream: await opened }
}
