import type { ServerResponse } from 'node:http'
import type { Sse } from '@rivulet/core'

// A registered symbol: an application may have this package twice, as ES module and as CommonJS.
const key = Symbol.for('@rivulet/express.handlers')

/**
 * Express 4 drops what handlers return, so the rejection of an async handler would leave its stream open.
 *
 * The promises of one response's handlers, looked at only once the response is a stream: those of other responses are never
 * touched. What they reject with stays what it is in Express 4, an unhandled rejection with the same error, once.
 */
export class HandlerPromises {
  readonly #response: ServerResponse
  readonly #passedOn = new Set<unknown>()
  #unwatched: PromiseLike<unknown>[] = []
  #fail: Sse['fail'] | undefined

  constructor(response: ServerResponse) {
    this.#response = response
  }

  static of(response: ServerResponse): HandlerPromises {
    const known: HandlerPromises | undefined = Reflect.get(response, key)
    if (known !== undefined) return known
    const promises = new HandlerPromises(response)
    Reflect.set(response, key, promises)
    return promises
  }

  add(promise: PromiseLike<unknown>): void {
    if (this.#fail === undefined) this.#unwatched.push(promise)
    else this.#watch(promise, this.#fail)
  }

  /** The response has become a stream. */
  streamOpened(fail: Sse['fail']): void {
    this.#fail = fail
    for (const promise of this.#unwatched) this.#watch(promise, fail)
    this.#unwatched = []
  }

  /** Somebody, a wrapper around the handler for example, gave this error to Express. */
  errorPassedOn(error: unknown): void {
    this.#passedOn.add(error)
  }

  #watch(promise: PromiseLike<unknown>, fail: Sse['fail']): void {
    promise.then(undefined, (error: unknown) => {
      const isUnhandled = fail(this.#response, error) === 'report' && !this.#passedOn.has(error)
      // The rejection was unhandled until we looked at it, and has to be so again.
      if (isUnhandled) throw error
    })
  }
}
