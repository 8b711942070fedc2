import { EventEmitter } from 'node:events'
import type { StreamRequest, StreamResponse } from '../sink/sink.ts'
import type { OpenStream } from '../stream/open-stream.ts'

const streams = new WeakMap<StreamResponse, OpenStream>()

/** The stream that was opened on a response, open or closed. */
export function streamOf(response: StreamResponse): OpenStream | undefined {
  return streams.get(response)
}

/** Notes that a response has its stream, which never listened to it. */
export function claimResponse(response: StreamResponse, stream: OpenStream): void {
  streams.set(response, stream)
}

/**
 * Tells a stream what happens to its response, until the response is closed. The listeners are shared by all streams; only
 * the response's `close` counts (a request's `close` also comes when its body was read).
 */
export function bindResponse(request: StreamRequest, response: StreamResponse, stream: OpenStream): void {
  streams.set(response, stream)
  response.on('close', onClose)
  response.on('prefinish', onEnd)
  // A compressor in front answers for `drain`: listeners go to its own stream, which is then their `this`.
  response.on('drain', response.on === EventEmitter.prototype.on ? onDrain : () => onDrain.call(response))
  response.on('error', onError)
  if (response.socket === null) watchPipeline(request, response)
}

function onClose(this: StreamResponse): void {
  this.off('close', onClose)
  this.off('prefinish', onEnd)
  this.off('drain', onDrain)
  this.off('error', onError)
  streams.get(this)?.onResponseClose(this.writableEnded)
}

function onEnd(this: StreamResponse): void {
  streams.get(this)?.onResponseEnd()
}

function onDrain(this: StreamResponse): void {
  streams.get(this)?.onDrain()
}

// A broken connection is told by `close`; without a listener the error would end the process.
function onError(this: StreamResponse): void {}

/** A response that waits behind another on its connection gets no `close` when that connection breaks. */
function watchPipeline(request: StreamRequest, response: StreamResponse): void {
  const { socket } = request
  const onSocketClose = () => onClose.call(response)
  socket.once('close', onSocketClose)
  response.once('close', () => socket.off('close', onSocketClose))
}
