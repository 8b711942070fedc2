import { ClientError } from '../client-error.ts'

/** Ends a connection on which nothing comes for too long: the peer may be gone without a word, or this machine was asleep. */
export class Silence {
  readonly #limitMs: number | false
  readonly #onSilent: (error: ClientError) => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(limitMs: number | false, onSilent: (error: ClientError) => void) {
    this.#limitMs = limitMs
    this.#onSilent = onSilent
  }

  /** Something came. */
  broken(): void {
    this.stop()
    const limitMs = this.#limitMs
    if (limitMs === false) return
    this.#timer = setTimeout(() => {
      this.#onSilent(new ClientError('ERR_SSE_CLIENT_SILENT', `Nothing came for ${limitMs} ms.`))
    }, limitMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
