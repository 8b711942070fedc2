import { createServer, type RequestListener, type Server } from 'node:http'
import { Duplex } from 'node:stream'

interface Held {
  readonly bytes: Buffer
  readonly taken: () => void
}

/**
 * The server's end of a connection whose client reads as many bytes as the test says. What it does not read fills the
 * server's own buffers, byte for byte like a peer whose window is closed.
 */
class ControlledSocket extends Duplex {
  bytesWritten = 0
  readonly #held: Held[] = []
  readonly #onNews: () => void

  constructor(onNews: () => void) {
    super({ readableHighWaterMark: 16_384, writableHighWaterMark: 4_096 })
    this.#onNews = onNews
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.bytesWritten += chunk.length
    this.#held.push({ bytes: chunk, taken })
    this.#onNews()
  }

  override _final(done: () => void): void {
    done()
  }

  /** Takes at most that many bytes of what has been written. */
  takeBytes(count: number): Buffer {
    const parts: Buffer[] = []
    let left = count
    for (let held = this.#held[0]; held !== undefined && left > 0; held = this.#held[0]) {
      const part = held.bytes.subarray(0, left)
      parts.push(part)
      left -= part.length
      this.#held.shift()
      if (part.length < held.bytes.length)
        this.#held.unshift({ bytes: held.bytes.subarray(part.length), taken: held.taken })
      else held.taken()
    }
    return Buffer.concat(parts)
  }
}

/** A client of a server in the same process, which reads when it is told to. */
export class ControlledClient {
  /** Reads whatever comes. */
  isReading = true
  isOver = false
  readonly #socket: ControlledSocket
  readonly #onBody: (bytes: Buffer) => void
  #head: Buffer | null = Buffer.alloc(0)

  constructor(server: Server, path: string, lastEventId: string | null, onBody: (bytes: Buffer) => void) {
    this.#onBody = onBody
    this.#socket = new ControlledSocket(() => setImmediate(() => this.#readAll()))
    this.#socket.on('finish', () => {
      this.isOver = true
    })
    this.#socket.on('close', () => {
      this.isOver = true
    })
    server.emit('connection', this.#socket)
    // HTTP/1.0: the body is not chunked, and ends with the connection.
    const id = lastEventId === null ? '' : `Last-Event-ID: ${lastEventId}\r\n`
    this.#socket.push(`GET ${path} HTTP/1.0\r\nAccept: text/event-stream\r\n${id}\r\n`)
  }

  /** Reads at most so many bytes of what waits. */
  read(count: number): void {
    this.#take(this.#socket.takeBytes(count))
  }

  /** Goes on reading whatever comes. */
  resume(): void {
    this.isReading = true
    this.#readAll()
  }

  /** Drops the connection after reading at most so many bytes more. */
  cut(count: number): void {
    this.read(count)
    this.isReading = false
    this.isOver = true
    this.#socket.destroy()
  }

  #readAll(): void {
    if (this.isReading) this.read(Number.POSITIVE_INFINITY)
  }

  #take(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#head === null) {
      this.#onBody(bytes)
      return
    }
    this.#head = Buffer.concat([this.#head, bytes])
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return
    const body = this.#head.subarray(end + 4)
    this.#head = null
    if (body.length > 0) this.#onBody(body)
  }
}

/** A server without a port: clients are handed to it. */
export function createControlledServer(listener: RequestListener): Server {
  return createServer({ keepAlive: false }, listener)
}
