import type { EventFields } from '../wire/encode-event.ts'
import { SseError, show } from '../wire/sse-error.ts'
import type { EventStream, PipeSource } from './event-stream.ts'

type Items<T> = Iterator<T> | AsyncIterator<T>

/**
 * Sends each item of a source to a stream, one at a time, waiting whenever the client is behind.
 *
 * Not a `for await`: that could not leave while the source is waiting for its next item.
 */
export async function pipe<T>(
  stream: EventStream,
  source: PipeSource<T>,
  map: (item: T) => EventFields,
): Promise<boolean> {
  return new Piping(stream, source, map).result
}

/** Driven by callbacks that are made once: an `await` for each item would make a promise and its functions for each. */
class Piping<T> {
  readonly result: Promise<boolean>
  readonly #stream: EventStream
  readonly #source: PipeSource<T>
  readonly #map: (item: T) => EventFields
  readonly #items: Items<T>
  #settle: { resolve(isWhole: boolean): void; reject(error: unknown): void } | null = null
  #stopListening: () => void = ignore
  /** For the source: the close has to end that. */
  #isWaiting = false

  constructor(stream: EventStream, source: PipeSource<T>, map: (item: T) => EventFields) {
    this.#stream = stream
    this.#source = source
    this.#map = map
    this.#items = iterate(source)
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#stopListening = stream.onClose(() => {
      if (this.#isWaiting) this.#leave()
    })
    this.#goOn()
  }

  #goOn(): void {
    try {
      while (this.#stream.closed === null) {
        const next = this.#items.next()
        if (next instanceof Promise || isThenable(next)) {
          this.#isWaiting = true
          next.then(this.#onItem, this.#fail)
          // The source itself may have closed the stream.
          if (this.#stream.closed !== null) this.#leave()
          return
        }
        if (!this.#take(next)) return
      }
      this.#leave()
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #onItem = (step: IteratorResult<T>): void => {
    this.#isWaiting = false
    if (this.#settle === null) return
    try {
      if (!this.#take(step)) return
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#goOn()
  }

  /** @returns whether to go on at once */
  #take(step: IteratorResult<T>): boolean {
    if (step.done === true) {
      this.#end()?.resolve(this.#stream.closed === null)
      return false
    }
    if (this.#stream.send(this.#map(step.value))) return true
    this.#stream.drained().then(this.#onDrained, this.#fail)
    return false
  }

  readonly #onDrained = (isOpen: boolean): void => {
    if (isOpen) this.#goOn()
    else this.#leave()
  }

  #leave(): void {
    const settle = this.#end()
    if (settle === null) return
    release(this.#source, this.#items)
    settle.resolve(false)
  }

  readonly #fail = (error: unknown): void => {
    const settle = this.#end()
    if (settle === null) return
    release(this.#source, this.#items)
    settle.reject(error)
  }

  /** @returns how to answer; `null` where that was done. */
  #end() {
    const settle = this.#settle
    this.#settle = null
    this.#stopListening()
    return settle
  }
}

function iterate<T>(source: PipeSource<T>): Items<T> {
  if (typeof source === 'object' && source !== null) {
    if (isWebStream(source)) return iterateWebStream<T>(source)
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
    if (Symbol.iterator in source) return source[Symbol.iterator]()
  }
  throw new SseError(
    'ERR_SSE_SOURCE',
    `pipe() takes an iterable, an async iterable or a readable stream, not ${show(source)}.`,
    { value: source },
  )
}

function isWebStream(source: object): source is ReadableStream {
  return 'getReader' in source && typeof source.getReader === 'function'
}

/** Web streams' own iterator would be left only after the read under way: what has nothing to read could not be cancelled. */
function iterateWebStream<T>(source: ReadableStream): AsyncIterator<T> {
  const reader: ReadableStreamDefaultReader<T> = source.getReader()
  return {
    async next() {
      const { done, value } = await reader.read()
      if (!done) return { done, value }
      reader.releaseLock()
      return { done, value: undefined }
    },
    async return() {
      const cancelled = reader.cancel()
      reader.releaseLock()
      await cancelled
      return { done: true, value: undefined }
    },
  }
}

function isThenable<T>(
  value: IteratorResult<T> | Promise<IteratorResult<T>>,
): value is Promise<IteratorResult<T>> {
  return 'then' in value && typeof value.then === 'function'
}

/** Tells a source that nobody wants more of it. Not awaited: a generator answers only after the item it is working on. */
function release<T>(source: PipeSource<T>, items: Items<T>): void {
  try {
    if ('destroy' in source && typeof source.destroy === 'function') source.destroy()
    // The error of a source that nobody listens to any more has no reader.
    Promise.resolve(items.return?.()).catch(ignore)
  } catch {
    // As above, thrown at once.
  }
}

function ignore(): void {}
