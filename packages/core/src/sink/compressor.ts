import type { ServerResponse } from 'node:http'

/** Whether middleware compresses what is written to a response, in spite of `no-transform`. */
export function isCompressed(response: ServerResponse): boolean {
  return response.hasHeader('Content-Encoding') && typeof Reflect.get(response, 'flush') === 'function'
}

/**
 * Middleware in front of a response that compresses, as Express' `compression` does: it passes on what it has only when it is
 * told to, and keeps what it has no room for to itself.
 */
export class Compressor {
  readonly #response: ServerResponse
  /** Bytes that were given to it since it had no room left, and until its `drain`. */
  heldBytes = 0

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('drain', () => {
      this.heldBytes = 0
    })
  }

  /** Something was written to the response. */
  wrote(bytes: number, isRoomLeft: boolean): void {
    if (!isRoomLeft) this.heldBytes += bytes
    const flush: unknown = Reflect.get(this.#response, 'flush')
    if (typeof flush === 'function') flush.call(this.#response)
  }
}
