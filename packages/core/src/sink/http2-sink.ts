import type { Http2ServerResponse } from 'node:http2'
import { Frame } from './frame.ts'
import type { Sink } from './sink.ts'

/** HTTP/2 through Node's compatibility API: HTTP/2 has frames of its own, so blocks go out as they are. */
export class Http2Sink implements Sink {
  readonly #response: Http2ServerResponse
  #writtenBytes = 0

  constructor(response: Http2ServerResponse) {
    this.#response = response
  }

  get bufferedBytes(): number {
    return this.#response.writableLength ?? 0
  }

  get isEnded(): boolean {
    return this.#response.writableEnded
  }

  get isGone(): boolean {
    const { stream } = this.#response
    return stream.closed || stream.destroyed
  }

  get completedBytes(): number {
    return this.#writtenBytes - this.bufferedBytes
  }

  begin(block: string): boolean {
    return this.write(Frame.fromText(block))
  }

  write(frame: Frame): boolean {
    this.#writtenBytes += frame.size
    return this.#response.write(frame.block)
  }

  writeAtOnce(): boolean {
    return false
  }

  touch(): number {
    return 0
  }

  // Node gathers what is written in one turn by itself.
  hold(): void {}

  release(): void {}

  end(last: boolean): void {
    // GOAWAY: requests under way finish, new ones go to another connection.
    if (last) this.#response.stream.session?.close()
    this.#response.end()
  }

  destroy(): void {
    this.#response.stream.close(0x8) // CANCEL, RFC 9113 section 7
  }
}
