import { getEventListeners, once, setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createH2cServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import {
  createChannel,
  createSse,
  type StreamRequest,
  type StreamResponse,
} from '../../../packages/core/src/index.ts'
import { wheel } from '../../../packages/core/src/stream/timer-wheel.ts'
import { totalBytes } from './total-bytes.ts'

/** What the parent can ask for. */
export type Question = 'memory' | 'left' | 'progress'

/** What is left of streams; all zero when nothing is. */
export interface Left {
  readonly streams: number
  readonly wheelEntries: number
  readonly connections: number
  readonly signalListeners: number
  readonly subscribers: number
  readonly sockets: number
}

/** How far the stream at `/flood` or `/pipe` has come. */
export interface Progress {
  readonly sentBytes: number
  readonly maxBufferedBytes: number
  readonly closed: string | null
}

/** What `/pipe` and `/flood` send at a time. */
const text = 'x'.repeat(64 * 1024)

const stop = new AbortController()
// One listener on it for each open stream.
setMaxListeners(0, stop.signal)
const sse = createSse({ heartbeatMs: 20, retryMs: 10, signal: stop.signal, onError: () => {} })
const channel = createChannel('news', { retention: { maxEvents: 50 } })
let progress: Progress = { sentBytes: 0, maxBufferedBytes: 0, closed: null }

const routes: Record<string, (request: StreamRequest, response: StreamResponse) => unknown> = {
  '/quiet': (request, response) => sse.open(request, response),
  '/late': async (request, response) => {
    await new Promise((resolve) => setImmediate(resolve))
    sse.open(request, response)
  },
  '/handler': (request, response) =>
    sse.open(request, response, async (stream) => {
      await once(new EventTarget(), 'never', { signal: stream.signal })
    }),
  '/channel': (request, response) => {
    sse.open(request, response).subscribe(channel)
  },
  '/items': (request, response) =>
    sse.open(request, response, (stream) => stream.pipe(turns(), (turn) => ({ data: turn }))),
  '/ends': (request, response) => sse.open(request, response, (stream) => void stream.send({ data: 'only' })),
  '/pipe': (request, response) =>
    sse.open(request, response, { heartbeatMs: false }).pipe(blocks(), (block) => {
      progress = { ...progress, sentBytes: progress.sentBytes + block.length }
      return { data: block }
    }),
  '/flood': (request, response) => {
    const stream = sse.open(request, response, { heartbeatMs: false })
    while (stream.closed === null && progress.sentBytes < totalBytes) {
      stream.send({ data: text })
      progress = {
        sentBytes: progress.sentBytes + text.length,
        maxBufferedBytes: Math.max(progress.maxBufferedBytes, stream.bufferedBytes),
        closed: stream.closed,
      }
    }
  },
}

function* blocks() {
  for (let bytes = 0; bytes < totalBytes; bytes += text.length) yield text
}

async function* turns() {
  for (let turn = 0; ; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    yield turn
  }
}

function answer(request: StreamRequest, response: StreamResponse): void {
  void routes[request.url ?? '']?.(request, response)
}

const server = process.argv.includes('--http2')
  ? createH2cServer(answer)
  : createServer((request: IncomingMessage, response: ServerResponse) => answer(request, response))

setInterval(() => void channel.publish({ data: 'news' }), 5).unref()

/** Heap, external memory and array buffers, which are part of the external memory as well, once garbage is gone. */
async function memory(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

async function left(): Promise<Left> {
  const connections = await new Promise<number>((resolve) =>
    server.getConnections((_, count) => resolve(count)),
  )
  return {
    streams: sse.streams.size,
    wheelEntries: wheel.entryCount,
    connections,
    signalListeners: getEventListeners(stop.signal, 'abort').length,
    subscribers: channel.subscriberCount,
    sockets: process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length,
  }
}

const questions: Record<Question, () => unknown> = { memory, left, progress: () => progress }

process.on('message', (question: Question) => {
  void tell(question)
})

async function tell(question: Question): Promise<void> {
  process.send?.(await questions[question]())
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
