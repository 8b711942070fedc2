import { within } from '@rivulet/core/log-kit'
import type { Driver } from './client/driver.ts'
import { logError } from './log-error.ts'
import { runScript, type Script } from './script/script.ts'

/** One script to run. */
export interface Call {
  /** What it is for, as error messages begin. */
  readonly doing: string
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** Runs scripts on the user's client, bounded in time, with errors that say what to do. */
export class Engine {
  readonly driver: Driver
  readonly #answerMs: number
  readonly #unwatch: () => void
  /** The newest error of the client itself: most likely why nothing is answered. */
  #clientError: unknown

  constructor(driver: Driver, answerMs: number) {
    this.driver = driver
    this.#answerMs = answerMs
    this.#unwatch = driver.watchErrors((error) => {
      this.#clientError = error
    })
  }

  async run({ doing, script, keys, args, signal }: Call): Promise<unknown> {
    signal?.throwIfAborted()
    this.#clientError = undefined
    try {
      return await within(
        runScript(this.driver, script, keys, args),
        this.#answerMs,
        () => this.#late(),
        signal,
      )
    } catch (error) {
      signal?.throwIfAborted()
      throw logError(doing, error)
    }
  }

  close(): void {
    this.#unwatch()
  }

  #late(): unknown {
    return this.#clientError ?? new Error(`no answer within ${this.#answerMs} ms`)
  }
}
