import { type IncomingMessage, request as openRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Ending, Exchange, ExchangeListener, Request } from './message.ts'

/** Makes a request in HTTP/1.1 on a socket that nobody else uses. */
export function exchangeHttp1(socket: Socket, request: Request, listener: ExchangeListener): Exchange {
  let isOver = false
  const end = (how: Ending['how'], reason: string) => {
    if (isOver) return
    isOver = true
    listener.onEnd({ how, reason, at: performance.now() })
    socket.destroy()
  }
  const { url, method, headers, body } = request
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const outgoing = openRequest({
    createConnection: () => socket,
    method,
    path: url.pathname + url.search,
    // As browsers have it: without the header Node asks the server to close the connection.
    headers: { host: url.host, connection: 'keep-alive', ...length, ...headers },
  })
  outgoing.on('error', (error: NodeJS.ErrnoException) => end('cut', reasonOf(error)))
  outgoing.on('response', (response) => {
    if (isOver) return
    listener.onHead({
      status: response.statusCode ?? 0,
      httpVersion: response.httpVersion === '1.0' ? '1.0' : '1.1',
      headers: response.headers,
      at: performance.now(),
    })
    response.on('data', (bytes: Buffer) => {
      if (!isOver) listener.onBytes(bytes, performance.now())
    })
    response.on('end', () => end(endOf(response, method), 'the response ended'))
    response.on('error', (error: NodeJS.ErrnoException) => end('cut', reasonOf(error)))
    response.on('close', () => end('cut', 'the connection was closed'))
  })
  // 101 takes the response away from us.
  outgoing.on('upgrade', () => end('cut', 'the server switched to another protocol'))
  outgoing.end(body)
  return {
    close() {
      isOver = true
      socket.destroy()
    },
  }
}

function endOf(response: IncomingMessage, method: string): Ending['how'] {
  if (!response.complete) return 'cut'
  const { statusCode = 0, headers } = response
  const hasNoBody = method === 'HEAD' || statusCode === 204 || statusCode === 304
  const isMarked = hasNoBody || 'content-length' in headers || 'transfer-encoding' in headers
  return isMarked ? 'ended' : 'unmarked'
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const { code, message } = error
  if (code?.startsWith('HPE_') === true) return `not valid HTTP: ${message}`
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}
