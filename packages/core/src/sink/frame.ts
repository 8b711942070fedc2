const crlf = '\r\n'

/**
 * A piece of the stream, made once for all connections: the raw block and the HTTP/1.1 chunk around it are two views
 * of one Buffer. Never changed after it was made, since sockets may still hold it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 */
export class Frame {
  /** `<size in hex>CRLF<block>CRLF` */
  readonly chunk: Buffer
  readonly #start: number
  #block: Buffer | undefined

  private constructor(chunk: Buffer, start: number) {
    this.chunk = chunk
    this.#start = start
  }

  /** A frame around text, encoded as UTF-8. Lone surrogates become U+FFFD. */
  static fromText(text: string): Frame {
    const length = Buffer.byteLength(text)
    const head = length.toString(16) + crlf
    const chunk = Buffer.allocUnsafe(head.length + length + 2)
    // In one call into native code: three cost more than the text itself.
    chunk.write(head + text + crlf, 'utf8')
    return new Frame(chunk, head.length)
  }

  /** A frame around bytes, which are copied together. */
  static fromParts(parts: readonly Uint8Array[], length: number): Frame {
    const head = length.toString(16) + crlf
    const chunk = Buffer.allocUnsafe(head.length + length + 2)
    chunk.write(head, 0, 'latin1')
    let at = head.length
    for (const part of parts) {
      chunk.set(part, at)
      at += part.length
    }
    chunk.write(crlf, at, 'latin1')
    return new Frame(chunk, head.length)
  }

  /** The bytes without the chunk around them. */
  get block(): Buffer {
    this.#block ??= this.chunk.subarray(this.#start, this.chunk.length - 2)
    return this.#block
  }

  /** Length of the block in bytes. */
  get size(): number {
    return this.chunk.length - this.#start - 2
  }
}
