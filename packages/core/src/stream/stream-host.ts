import type { Frame } from '../sink/frame.ts'
import type { EventStream } from './event-stream.ts'

/** Who opened a stream. */
export interface StreamHost<Stream extends EventStream> {
  /** Takes what a handler or a listener threw to where the framework reports errors. Must not throw. */
  report(error: unknown, stream: Stream): void
  /** For the first time more was written than its client takes: it wants to hear of the response's `drain` from now on. */
  onFirstBehind(stream: Stream): void
  /** The stream was closed; its last bytes may still be going out. */
  onStreamClose(stream: Stream): void
  /** The response is done with: nothing of the stream is left. */
  onResponseClose(stream: Stream): void
}

/** What writes to a stream out of channels. */
export interface StreamFeed {
  /** Not all of them were closed. */
  readonly hasSubscriptions: boolean
  /** The id that resumes this stream where it is. */
  readonly cursor: string
  /** A `$cursor` block if the cursor moved since an id was last written, else `null`. */
  cursorFrame(): Frame | null
  /** The stream takes bytes again. */
  onDrain(): void
  /** The stream is closed; nothing may be written any more. */
  onStreamClose(): void
}

/**
 * Whether an error only says that work was called off. By its name alone: test runners run tests in realms of their own,
 * where an `AbortError` of Node's is no instance of the test's `Error`.
 */
export function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError'
}
