import { EventEmitter } from 'node:events'
import { readHeadersSent, readWritableEnded } from '../sink/node-response.ts'
import type { StreamRequest, StreamResponse } from '../sink/sink.ts'
import type { OpenStream } from '../stream/open-stream.ts'
import { SseError } from '../wire/sse-error.ts'

// Node's own, since those of a response may have been replaced: tracing with OpenTelemetry wraps every listener in another one, in
// which no stream would be found.
const { on, listeners } = EventEmitter.prototype

// Own to this copy of the package.
const streamKey = Symbol('rivulet.stream')

/** A listener by which a stream is found again: it stays on the response as long as there is one. */
interface StreamMark {
  (): void
  [streamKey]?: OpenStream
}

/** The stream that was opened on a response, open or closed. */
export function streamOf(response: StreamResponse): OpenStream | undefined {
  for (const listener of listeners.call(response, 'error') as StreamMark[]) {
    const stream = listener[streamKey]
    if (stream !== undefined) return stream
  }
  return undefined
}

/** @param hasLeft Whether the client has. @throws SseError `ERR_SSE_ALREADY_OPEN`, `ERR_SSE_HEADERS_SENT` */
export function assertUnused(response: StreamResponse, hasLeft: boolean): void {
  // A stream has sent its head, unless there was nobody to send it to.
  const isSent = readHeadersSent(response)
  if (!hasLeft && !isSent) return
  if (streamOf(response) !== undefined) {
    throw new SseError(
      'ERR_SSE_ALREADY_OPEN',
      'This response is a stream already: keep the one that the first call gave.',
    )
  }
  if (isSent) {
    throw new SseError(
      'ERR_SSE_HEADERS_SENT',
      'Something was sent on this response before, so it cannot become a stream: answer errors before the stream is opened and return.',
    )
  }
}

/**
 * Notes that a response has its stream.
 *
 * Neither as a property of the response, which in Express on Node 20 and 22 copies its hidden class, nor in a WeakMap, whose every
 * entry costs the garbage collector; but by a listener, which is needed anyway: a broken connection is told by
 * `close`, and without a listener its error would end the process.
 */
export function claimResponse(response: StreamResponse, stream: OpenStream): void {
  const mark: StreamMark = () => {}
  mark[streamKey] = stream
  on.call(response, 'error', mark)
}

/**
 * Tells a stream what happens to its response, until the response is closed. Only the response's `close` counts (a request's
 * `close` also comes when its body was read).
 */
export function bindResponse(request: StreamRequest, response: StreamResponse, stream: OpenStream): void {
  claimResponse(response, stream)
  // Left where it is: a response that is closed is garbage, and both may be told of a broken pipeline.
  const onClose = () => stream.onResponseClose(readWritableEnded(response))
  on.call(response, 'close', onClose)
  if (response.socket === null) watchPipeline(request, response, onClose)
}

/** Tells a stream when its response takes bytes again, for as long as there is the response. */
export function bindDrain(response: StreamResponse, stream: OpenStream): void {
  response.on('drain', () => stream.onDrain())
}

/** A response that waits behind another on its connection gets no `close` when that connection breaks. */
function watchPipeline(request: StreamRequest, response: StreamResponse, onClose: () => void): void {
  const { socket } = request
  socket.once('close', onClose)
  response.once('close', () => socket.off('close', onClose))
}
