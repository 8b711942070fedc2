import { ClientError } from '../client-error.ts'

/** Ends a connection on which nothing comes for too long: the peer may be gone without a word, or this machine was asleep. */
export class Silence {
  readonly #limitMs: number | false
  readonly #onSilent: (error: ClientError) => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #heardAt = 0

  constructor(limitMs: number | false, onSilent: (error: ClientError) => void) {
    this.#limitMs = limitMs
    this.#onSilent = onSilent
  }

  /** Something came. */
  broken(): void {
    this.#heardAt = Date.now()
    if (this.#limitMs !== false) this.#timer ??= setTimeout(this.#look, this.#limitMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  // One timer for many pieces: it looks when it is due, and waits for what is left.
  readonly #look = (): void => {
    this.#timer = undefined
    if (this.#limitMs === false) return
    const leftMs = this.#heardAt + this.#limitMs - Date.now()
    if (leftMs > 0) {
      this.#timer = setTimeout(this.#look, leftMs)
      return
    }
    this.#onSilent(
      new ClientError('ERR_SSE_CLIENT_SILENT', `Nothing has come for ${this.#limitMs} ms; connecting again.`),
    )
  }
}
