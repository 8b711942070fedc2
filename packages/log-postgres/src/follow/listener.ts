import { backOff } from '@rivulet/core/log-kit'
import { Connection, type ConnectionParts } from './connection.ts'

export interface ListenerParts extends ConnectionParts {
  /** Called when it listens, for the first time and after each loss. */
  readonly connected: () => void
  /** Called for each loss and each try that failed. */
  readonly lost: (error: unknown) => void
}

/** Keeps one connection that listens, and makes another, with back-off, whenever it is lost. */
export class Listener {
  readonly #parts: ListenerParts
  readonly #stopping = new AbortController()
  #connection: Connection | null = null
  #isConnected = false
  /** Resolves when the first try has succeeded or failed. */
  readonly firstTry: Promise<void>
  /** Resolves when it was stopped and its connection is gone. */
  readonly ended: Promise<void>

  constructor(parts: ListenerParts) {
    this.#parts = parts
    let tried = () => {}
    this.firstTry = new Promise((resolve) => {
      tried = resolve
    })
    this.ended = this.#run(tried).catch(ignoreStop)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  ping(): void {
    if (this.#isConnected) this.#connection?.ping()
  }

  stop(): void {
    this.#stopping.abort()
    this.#connection?.close()
  }

  async #run(tried: () => void): Promise<void> {
    const { signal } = this.#stopping
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      let connection: Connection | null = null
      try {
        // Options that make no sense, or name a file that is not there, throw at once.
        connection = new Connection(this.#parts)
        this.#connection = connection
        await connection.listen()
        attempt = 0
        this.#isConnected = true
        if (!signal.aborted) this.#parts.connected()
        tried()
        const why = await connection.lost
        this.#isConnected = false
        if (!signal.aborted) this.#parts.lost(why)
      } catch (error) {
        connection?.close()
        if (!signal.aborted) this.#parts.lost(error)
        tried()
        await connection?.lost
      }
      await backOff(attempt, signal)
    }
  }
}

/** Waiting ends by the signal. */
function ignoreStop(): void {}
