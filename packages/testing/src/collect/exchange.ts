import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Endpoint } from './endpoint.ts'

/** A request as it goes out. */
export interface ExchangeRequest {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: string | Uint8Array | undefined
}

/** Who hears about an exchange. After `onEnd` or `onBroken` nothing more comes. */
export interface ExchangeListener {
  onHead(status: number, headers: IncomingHttpHeaders): void
  onData(chunk: Buffer): void
  /** The server ended the response. */
  onEnd(): void
  /** There is no connection, or it broke before the response was complete. */
  onBroken(error: Error): void
}

/** One request under way on a connection of its own. */
export interface Exchange {
  /** The port of this end while there is a connection. */
  readonly localPort: number | undefined
  /** Reads no more from the connection, until `resume`. */
  pause(): void
  resume(): void
  /** Drops the connection. */
  destroy(): void
}

/** Sends a request over a new connection, in the protocol that the endpoint speaks. */
export function openExchange(
  endpoint: Endpoint,
  request: ExchangeRequest,
  listener: ExchangeListener,
): Exchange {
  const url = new URL(request.path, endpoint.origin)
  // Who tests on the own machine has no certificate that anybody vouches for.
  const rejectUnauthorized = !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  const open = endpoint.isHttp2 ? openHttp2 : openHttp1
  return open({ ...request, url, rejectUnauthorized }, listener)
}

interface ResolvedRequest extends ExchangeRequest {
  readonly url: URL
  readonly rejectUnauthorized: boolean
}

function openHttp1(resolved: ResolvedRequest, listener: ExchangeListener): Exchange {
  const { url, method, headers, rejectUnauthorized } = resolved
  const isTls = url.protocol === 'https:'
  // Asks to keep the connection, as browsers do, and drops it afterwards.
  const agent = isTls ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  const options = { method, headers, agent, rejectUnauthorized }
  const request = isTls ? https.request(url, options) : http.request(url, options)
  let body: Readable | undefined
  request.on('error', (error) => listener.onBroken(error))
  request.on('response', (response) => {
    listener.onHead(response.statusCode ?? 0, ownHeaders(response.headers))
    body = decoded(response, response.headers, listener)
    body.on('data', (chunk: Buffer) => listener.onData(chunk))
    body.on('end', () => listener.onEnd())
  })
  request.end(resolved.body)
  return {
    get localPort() {
      return request.socket?.localPort
    },
    pause: () => body?.pause(),
    resume: () => body?.resume(),
    destroy() {
      request.destroy()
      agent.destroy()
    },
  }
}

function openHttp2(resolved: ResolvedRequest, listener: ExchangeListener): Exchange {
  const { url, method, headers, rejectUnauthorized } = resolved
  const session = http2.connect(url, { rejectUnauthorized })
  const stream = session.request({ ...headers, ':method': method, ':path': `${url.pathname}${url.search}` })
  let body: Readable | undefined
  let hasEnded = false
  // A stream that was reset also says `end`, so what counts is how it was closed.
  const finish = () => {
    if (!stream.closed) return
    if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR || !stream.readableEnded) {
      listener.onBroken(new Error(`The HTTP/2 stream was reset (code ${stream.rstCode}).`))
    } else if (hasEnded) listener.onEnd()
  }
  session.on('error', (error) => listener.onBroken(error))
  stream.on('error', (error) => listener.onBroken(error))
  stream.on('close', finish)
  stream.on('response', ({ ':status': status, ...headers }) => {
    listener.onHead(Number(status), ownHeaders(headers))
    body = decoded(stream, headers, listener)
    body.on('data', (chunk: Buffer) => listener.onData(chunk))
    body.on('end', () => {
      hasEnded = true
      finish()
    })
  })
  stream.end(resolved.body)
  return {
    get localPort() {
      return session.destroyed ? undefined : session.socket?.localPort
    },
    pause: () => body?.pause(),
    resume: () => body?.resume(),
    destroy() {
      stream.destroy()
      session.destroy()
    },
  }
}

const decoders: Readonly<Record<string, () => Transform>> = {
  br: createBrotliDecompress,
  deflate: createInflate,
  gzip: createGunzip,
}

/** The body out of its content coding, as soon as its bytes are there. Its errors go to the listener. */
function decoded(body: Readable, headers: IncomingHttpHeaders, listener: ExchangeListener): Readable {
  body.on('error', (error) => listener.onBroken(error))
  const createDecoder = decoders[headers['content-encoding'] ?? '']
  if (createDecoder === undefined) return body
  const decoder = createDecoder()
  decoder.on('error', (error) => listener.onBroken(error))
  return body.pipe(decoder)
}

/**
 * A copy with arrays of this realm: test runners run tests in realms of their own, where Node's arrays are strangers to a
 * strict comparison.
 */
function ownHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const copy: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) copy[name] = Array.isArray(value) ? [...value] : value
  return copy
}
