import type { EventFields } from '../wire/encode-event.ts'
import { SseError, show } from '../wire/sse-error.ts'
import type { EventStream, PipeSource } from './event-stream.ts'

type Items<T> = Iterator<T> | AsyncIterator<T>

const closed = Symbol('closed')

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
  const items = iterate(source)
  // What the close wakes: the wait for the next item under way. One listener for the whole pipe.
  let wake: ((value: typeof closed) => void) | undefined
  const stopListening = stream.onClose(() => wake?.(closed))
  let isDone = false
  try {
    while (stream.closed === null) {
      let step: IteratorResult<T> | typeof closed
      const next = items.next()
      if (next instanceof Promise || isThenable(next)) {
        step = await new Promise<IteratorResult<T> | typeof closed>((resolve, reject) => {
          wake = resolve
          next.then(resolve, reject)
        })
        wake = undefined
      } else {
        step = next
      }
      if (step === closed) return false
      if (step.done === true) {
        isDone = true
        return stream.closed === null
      }
      if (!stream.send(map(step.value)) && !(await stream.drained())) return false
    }
    return false
  } finally {
    stopListening()
    if (!isDone) release(source, items)
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
