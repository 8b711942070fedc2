import type { Sse, StreamResponse } from '@rivulet/core'
import { whenClosed } from './when-closed.ts'

// A registered symbol: an application may have this package twice, as ES module and as CommonJS.
const key: unique symbol = Symbol.for('@rivulet/express.errors')

interface Errors {
  [key]?: StreamErrors
}

/**
 * A response, with its errors if it is or may become a stream. They are kept in Express' `locals`: one more property
 * on the response itself would cost four microseconds, which is more than all the rest.
 */
export type ExpressResponse = StreamResponse & Errors & { readonly locals?: Errors }

type LeftToDo = ReturnType<Sse['fail']>

/**
 * Errors of the handlers of one response: what they threw, rejected with or gave to `next`.
 *
 * Each closes the stream, and goes its way through Express only when the response is closed.
 */
export class StreamErrors {
  readonly #response: StreamResponse
  #fail: Sse['fail'] | undefined
  /** What is left to do with errors that were given to Express. */
  #passed: Map<unknown, LeftToDo> | undefined
  /** What handlers returned before there was a stream. */
  #promises: PromiseLike<unknown>[] | undefined

  private constructor(response: StreamResponse) {
    this.#response = response
  }

  static find(response: ExpressResponse): StreamErrors | undefined {
    return (response.locals ?? response)[key]
  }

  static of(response: ExpressResponse): StreamErrors {
    const place = response.locals ?? response
    let errors = place[key]
    if (errors === undefined) {
      errors = new StreamErrors(response)
      place[key] = errors
    }
    return errors
  }

  /** The response is becoming a stream. */
  streamOpens(fail: Sse['fail']): void {
    this.#fail = fail
    for (const promise of this.#promises ?? []) this.#watch(promise)
    this.#promises = undefined
  }

  /**
   * Sends an error on its way: at once if there is no stream, never if it is only an echo of the stream's close.
   *
   * @param goOn Told whether it is a stream's error.
   */
  pass(error: unknown, goOn: (isOfStream: boolean) => void): void {
    this.#passed ??= new Map()
    // One error comes along many times: Express asks one layer after the other.
    const leftToDo = this.#passed.get(error) || this.#failStream(error)
    this.#passed.set(error, leftToDo)
    if (leftToDo === 'report') whenClosed(this.#response, () => goOn(true))
    else if (leftToDo === false) goOn(false)
  }

  /** Sends an error on its way for which the stream was closed already. */
  passReported(error: unknown, goOn: () => void): void {
    this.#passed ??= new Map()
    this.#passed.set(error, 'report')
    whenClosed(this.#response, goOn)
  }

  /**
   * Takes what a handler returned. Looked at only once the response is a stream; the promises of others are never touched.
   *
   * What it rejects with stays what it is in Express 4: an unhandled rejection with the same error, once.
   */
  handlerReturned(promise: PromiseLike<unknown>): void {
    if (this.#fail !== undefined) {
      this.#watch(promise)
      return
    }
    this.#promises ??= []
    this.#promises.push(promise)
  }

  #watch(promise: PromiseLike<unknown>): void {
    promise.then(undefined, (error: unknown) => {
      // A wrapper around the handler may have given it to Express; else nobody had handled it before we looked at it.
      if (this.#passed?.has(error) !== true && this.#failStream(error) !== 'ignore') throw error
    })
  }

  #failStream(error: unknown): LeftToDo {
    return this.#fail?.(this.#response, error) ?? false
  }
}
