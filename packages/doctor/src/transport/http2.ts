import { connect, constants, type IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import type { Ending, Exchange, ExchangeListener, Request } from './message.ts'

/** Makes a request in HTTP/2 on a socket that nobody else uses. */
export function exchangeHttp2(socket: Socket, request: Request, listener: ExchangeListener): Exchange {
  let isOver = false
  const session = connect(request.url.origin, { createConnection: () => socket })
  const end = (how: Ending['how'], reason: string) => {
    if (isOver) return
    isOver = true
    listener.onEnd({ how, reason, at: performance.now() })
    session.destroy()
  }
  const onError = (error: Error) => end('cut', error.message)
  session.on('error', onError)
  session.on('close', () => end('cut', 'the connection was closed'))
  const { url, method, headers, body } = request
  const stream = session.request({ ':method': method, ':path': url.pathname + url.search, ...headers })
  let hasEnded = false
  stream.on('error', onError)
  stream.on('response', (received) => {
    if (isOver) return
    const status = received[':status'] ?? 0
    listener.onHead({ status, httpVersion: '2', headers: plain(received), at: performance.now() })
  })
  stream.on('data', (bytes: Buffer) => {
    if (!isOver) listener.onBytes(bytes, performance.now())
  })
  stream.on('end', () => {
    hasEnded = true
  })
  // `end` comes after a reset too: only the code tells.
  stream.on('close', () => {
    const isProper = hasEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted
    if (isProper) end('ended', 'the response ended')
    else end('cut', `the stream was reset (HTTP/2 code ${stream.rstCode})`)
  })
  stream.end(body)
  return {
    close() {
      isOver = true
      session.destroy()
    },
  }
}

function plain(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')))
}
