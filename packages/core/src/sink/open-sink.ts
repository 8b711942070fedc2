import { IncomingMessage, OutgoingMessage } from 'node:http'
import { eventStreamHeaders } from '../wire/response-headers.ts'
import { Http1Sink } from './http1-sink.ts'
import { Http2Sink } from './http2-sink.ts'
import { nodeRemoveHeader } from './node-response.ts'
import type { HeaderValues, Sink, StreamRequest, StreamResponse } from './sink.ts'

/** Whether the peer is gone: a client may leave before the handler runs, or while it waits for something. */
export function isGone(request: StreamRequest, response: StreamResponse): boolean {
  if (isHttp2(response))
    return response.stream === undefined || response.stream.destroyed || response.stream.aborted
  return response.destroyed || (request instanceof IncomingMessage && request.socket?.destroyed === true)
}

/**
 * Commits status and headers of a stream: those set on the response before are kept, unless they are Rivulet's or `headers`
 * names them. Nothing is on the wire until the first bytes are written or the response is ended.
 */
export function commitHead(response: StreamResponse, status: number, headers: HeaderValues): void {
  if (response instanceof OutgoingMessage) nodeRemoveHeader.call(response, 'Content-Length')
  else response.removeHeader('Content-Length')
  // Looked up once: each look at a response of Express costs up to half a microsecond.
  const { setHeader } = response as { setHeader(name: string, value: string): unknown }
  for (const [name, value] of eventStreamHeaders) setHeader.call(response, name, value)
  setHeaders(response, headers)
  // An explicit writeHead, since middleware that sets headers late (sessions, timers) waits for that call.
  response.writeHead(status)
}

/** Sets the headers that a user gave as an option. */
export function setHeaders(response: StreamResponse, headers: HeaderValues): void {
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) response.setHeader(name, value)
  }
}

/** The sink for a response whose head was committed. */
export function openSink(response: StreamResponse): Sink {
  if (isHttp2(response)) return new Http2Sink(response)
  const { socket } = response
  if (socket) {
    // The stream has its own clocks; a server's time-out for silent sockets is meant for requests that hang. Where there is none
    // nothing is set: it would be one more property of the socket.
    if (socket.timeout) socket.setTimeout(0)
    // Injected requests have a socket that is no net.Socket.
    socket.setNoDelay?.(true)
  }
  return new Http1Sink(response)
}

type Http2Response = Extract<StreamResponse, { stream: unknown }>

function isHttp2(response: StreamResponse): response is Http2Response {
  // The first answers nearly always, and faster.
  if (response instanceof OutgoingMessage) return false
  return 'stream' in response && 'createPushResponse' in response
}
