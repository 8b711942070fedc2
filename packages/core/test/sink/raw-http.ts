import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

/** One response, taken apart byte by byte. */
export interface RawResponse {
  readonly statusLine: string
  /** As sent, without names' case: one entry per line. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The bodies of the chunks; `null` where the body has no chunks and ends with the connection. */
  readonly chunks: readonly Buffer[] | null
  readonly body: Buffer
  /** What follows on the connection. */
  readonly rest: Buffer
}

/** Sends text on a connection of its own and gives all that comes back until the server closes it. */
export async function exchange(port: number, request: string, tls?: ConnectionOptions): Promise<Buffer> {
  const socket = open(port, tls)
  socket.write(request)
  return receiveAll(socket)
}

/** A connection; its errors count as its end. */
export function open(port: number, tls?: ConnectionOptions): Socket {
  const socket = tls ? connectTls({ ...tls, port, host: '127.0.0.1' }) : connect(port, '127.0.0.1')
  return socket.on('error', () => socket.destroy())
}

export async function receiveAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  await once(socket, 'close')
  return Buffer.concat(parts)
}

/** Resolves with all that has come so far, once that holds `text`. The connection stays open and goes on being read. */
export async function receiveUntil(socket: Socket, text: string): Promise<Buffer> {
  const parts: Buffer[] = []
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error(`The connection was closed before ${JSON.stringify(text)} came.`))
    const onData = (part: Buffer) => {
      parts.push(part)
      const received = Buffer.concat(parts)
      if (!received.includes(text)) return
      socket.off('data', onData).off('close', onClose)
      resolve(received)
    }
    socket.on('data', onData).once('close', onClose)
  })
}

export function get(path: string, ...headers: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: test', ...headers, '', ''].join('\r\n')
}

/**
 * Reads one response and throws at the first byte that RFC 9112 does not allow: a client that guesses would hide a server
 * that frames wrongly.
 */
export function parseResponse(bytes: Buffer): RawResponse {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) throw new Error(`no end of the head in ${JSON.stringify(bytes.toString('latin1'))}`)
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
  if (!/^HTTP\/1\.1 \d{3} /.test(statusLine)) throw new Error(`no status line: ${JSON.stringify(statusLine)}`)
  const headers = lines.map((line) => {
    const colon = line.indexOf(': ')
    if (colon <= 0) throw new Error(`no header line: ${JSON.stringify(line)}`)
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const
  })
  const body = bytes.subarray(headEnd + 4)
  const isChunked = headers.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked')
  if (isChunked) return { statusLine, headers, ...parseChunks(body) }
  const length = headers.find(([name]) => name === 'content-length')?.[1]
  const end = length === undefined ? body.length : Number(length)
  return { statusLine, headers, chunks: null, body: body.subarray(0, end), rest: body.subarray(end) }
}

function parseChunks(bytes: Buffer): Pick<RawResponse, 'chunks' | 'body' | 'rest'> {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = bytes.subarray(at, lineEnd).toString('latin1')
    if (lineEnd === -1 || !/^[0-9a-f]+$/i.test(size)) {
      throw new Error(`no chunk size at byte ${at}: ${JSON.stringify(bytes.toString('latin1', at, at + 40))}`)
    }
    const start = lineEnd + 2
    const end = start + Number.parseInt(size, 16)
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') {
      throw new Error(`chunk of 0x${size} bytes at byte ${at} does not end where it says`)
    }
    if (end === start) return { chunks, body: Buffer.concat(chunks), rest: bytes.subarray(end + 2) }
    chunks.push(bytes.subarray(start, end))
    at = end + 2
  }
}
