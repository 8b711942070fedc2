import { OutgoingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Compressor, isCompressed } from './compressor.ts'
import { Frame } from './frame.ts'
import { nodeEnd, nodeWrite, readWritableCorked } from './node-response.ts'
import type { Sink } from './sink.ts'

// Node itself corks the socket until the turn is over. Node 20 counts that as the response's cork, newer ones don't.
const probe = Object.assign(new OutgoingMessage(), { socket: { writableCorked: 1 } })
const countsSocketCorks = probe.writableCorked > 0

/** Node notes there which response is under way on a connection. */
type Connection = Socket & { readonly _httpMessage?: ServerResponse | null }

/** HTTP/1.0 and HTTP/1.1, with or without TLS. */
export class Http1Sink implements Sink {
  readonly #response: ServerResponse
  readonly #prototype: { readonly write?: unknown }
  /** The connection, once a ready-made chunk went out on it through the response: what is written to both looks the same. */
  #connection: Connection | null = null
  #hearsOfEnd = false
  #compressor: Compressor | undefined
  #held: Connection | null = null

  constructor(response: ServerResponse) {
    this.#response = response
    this.#prototype = Object.getPrototypeOf(response)
  }

  get bufferedBytes(): number {
    return this.#response.writableLength + (this.#compressor?.heldBytes ?? 0)
  }

  get isEnded(): boolean {
    return this.#response.writableEnded
  }

  get isGone(): boolean {
    return this.#response.destroyed
  }

  get completedBytes(): number {
    const socket = this.#response.socket
    // A response that waits in a pipeline has no socket yet: it is not its peer that is slow.
    return socket === null ? Number.NaN : socket.bytesWritten - socket.writableLength
  }

  begin(block: string): boolean {
    // Node puts text behind the head, as one string and one write; bytes would be a second piece.
    const socket = this.#chunkSocket()
    if (socket === null) return this.write(Frame.fromText(block))
    return this.#writeChunk(socket, `${block.length.toString(16)}\r\n${block}\r\n`, 'latin1')
  }

  write(frame: Frame): boolean {
    const socket = this.#chunkSocket()
    if (socket !== null) return this.#writeChunk(socket, frame.chunk)
    const response = this.#response
    this.#connection = null
    const isRoomLeft = response.write(frame.block)
    if (isCompressed(response)) {
      this.#compressor ??= new Compressor(response)
      this.#compressor.wrote(frame.size, isRoomLeft)
    }
    return isRoomLeft
  }

  writeAtOnce(frame: Frame): boolean {
    const { chunk } = frame
    const connection = this.#connection
    if (connection === null || !this.#isFree(connection, chunk.length) || !this.#isOngoing()) return false
    // A write through the response is held back until the turn is over, which pays when more follow in the turn, and is half of a
    // write's own CPU when not.
    connection.write(chunk)
    return true
  }

  touch(): number {
    const connection = this.#connection
    if (connection === null) return 0
    const isOurs = connection._httpMessage === this.#response
    return connection.writableLength + connection.writableCorked + (isOurs ? 1 : 0)
  }

  hold(): void {
    this.#held = this.#connection
    this.#held?.cork()
  }

  release(): void {
    this.#held?.uncork()
    this.#held = null
  }

  end(last: boolean): void {
    const response = this.#response
    const socket = response.socket
    if (last && socket !== null) response.once('finish', () => socket.end())
    // On Node 22 and 24 the end overtakes what was written to a corked response.
    if (!countsSocketCorks) while (response.writableCorked > 0) response.uncork()
    response.end()
  }

  destroy(): void {
    const response = this.#response
    response.destroy()
    // In a pipeline the response has no socket of its own yet; the request has.
    if (response.socket === null) response.req.destroy()
  }

  // One write of bytes made once, where Node would make four small ones for each connection: 0.9 of its CPU for single
  // events and 0.6 in bursts. Through the response and not the socket, so that order and a foreign end() are still Node's.
  #writeChunk(socket: Socket, chunk: Buffer | string, encoding: BufferEncoding = 'utf8'): boolean {
    const response = this.#response
    response.chunkedEncoding = false
    this.#connection = socket
    try {
      return nodeWrite.call(response, chunk, encoding)
    } finally {
      response.chunkedEncoding = true
    }
  }

  // Beside the response only where it can't be told from a write through it: the response is the one under way on its
  // connection and was not ended, nothing of this turn waits in a cork, nobody listens in on its writes, and there is room left,
  // since its `drain` follows its own writes only.
  //
  // Nothing of it is asked of the response: in Express on Node 20 and 22 each has a hidden class of its own, and reading one of its
  // properties takes up to half a microsecond.
  #isFree(connection: Connection, bytes: number): boolean {
    return (
      connection._httpMessage === this.#response &&
      connection.writableCorked === 0 &&
      connection.writableLength + bytes < connection.writableHighWaterMark &&
      connection.writable &&
      this.#prototype.write === nodeWrite
    )
  }

  // Anybody may end the response: from the first write beside it on we hear of it from within the call that does.
  #isOngoing(): boolean {
    if (!this.#hearsOfEnd) {
      this.#hearsOfEnd = true
      const onEnded = () => {
        this.#connection = null
      }
      this.#response.on('prefinish', onEnded)
      if (this.#response.writableEnded) onEnded()
    }
    return this.#connection !== null
  }

  // The connection, where it takes ready-made chunks. Anything in front of Node's own write (compression, inject) must see the block; a
  // response that has no socket yet keeps chunks aside, and so does a corked one, in ways that differ between Node versions.
  #chunkSocket(): Socket | null {
    const response = this.#response
    if (!response.chunkedEncoding || response.write !== nodeWrite || response.end !== nodeEnd) return null
    const { socket } = response
    return socket !== null && keepsNothingAside(response, socket) ? socket : null
  }
}

// From 24.22 on Node corks the response itself until the turn is over, which is no reason as long as nothing was written that waits in it.
function keepsNothingAside(response: ServerResponse, socket: Socket): boolean {
  const corked = readWritableCorked(response)
  if (countsSocketCorks) return corked === socket.writableCorked
  return corked === 0 || response.writableLength === socket.writableLength
}
