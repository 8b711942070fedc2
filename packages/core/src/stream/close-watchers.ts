import type { CloseReason } from './event-stream.ts'

export type CloseListener = (reason: CloseReason) => unknown

/** Those who want to hear of a stream's end. Most streams have few or none, so everything here is made when first needed. */
export class CloseWatchers {
  #listeners: Set<CloseListener> | undefined
  #controller: AbortController | undefined

  /** @returns what takes the listener off again */
  add(listener: CloseListener): () => void {
    this.#listeners ??= new Set()
    const listeners = this.#listeners
    // A function given twice is called twice, as its two takers expect.
    const own: CloseListener = (reason) => listener(reason)
    listeners.add(own)
    return () => listeners.delete(own)
  }

  /** A signal that aborts with the stream; aborted already where `closed` says so. */
  signal(closed: CloseReason | null): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (closed !== null) this.#controller.abort(abortReason(closed))
    }
    return this.#controller.signal
  }

  /** Tells everybody, once; what a listener throws goes to `report` and keeps nobody else from hearing. */
  notify(reason: CloseReason, report: (error: unknown) => void): void {
    this.#controller?.abort(abortReason(reason))
    const listeners = this.#listeners
    this.#listeners = undefined
    if (listeners === undefined) return
    for (const listener of listeners) tell(listener, reason, report)
  }
}

/** Calls one listener, which may be an async function. */
export function tell(listener: CloseListener, reason: CloseReason, report: (error: unknown) => void): void {
  try {
    const result: unknown = listener(reason)
    if (result instanceof Promise) result.catch(report)
  } catch (error) {
    report(error)
  }
}

/** Calls `close` when a signal aborts, or at once if it has: a listener on an aborted signal never runs. */
export function followSignal(signal: AbortSignal, close: () => void, watchers: CloseWatchers): void {
  if (signal.aborted) {
    close()
    return
  }
  signal.addEventListener('abort', close, { once: true })
  watchers.add(() => signal.removeEventListener('abort', close))
}

function abortReason(reason: CloseReason): DOMException {
  return new DOMException(`The stream was closed: ${reason}.`, 'AbortError')
}
