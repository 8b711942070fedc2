/**
 * What an AbortSignal is, for little until somebody needs one: to make a signal shows in a profile (`bench -- come-back`), and of a thousand clients that come back
 * at once each has something to wait for.
 */
export interface Abortable {
  /** What waits reject with once it aborts. */
  readonly reason: unknown
  /** The same as a signal. */
  readonly signal: AbortSignal
  /** @throws the reason, once it has aborted. */
  throwIfAborted(): void
  /** Calls a listener when it aborts, at once if it has. Gives what takes the listener off. */
  whenAborted(listener: () => void): () => void
}

export function abortableOf(signal: AbortSignal): Abortable {
  return {
    get reason(): unknown {
      return signal.reason
    },
    signal,
    throwIfAborted: () => signal.throwIfAborted(),
    whenAborted(listener) {
      if (signal.aborted) listener()
      else signal.addEventListener('abort', listener, { once: true })
      return () => signal.removeEventListener('abort', listener)
    },
  }
}

/**
 * What a promise that others wait for too gives, unless it aborts before. What comes later is nobody's.
 *
 * @throws (rejects) the reason, or what the promise rejects with.
 */
export function unlessAborted<T>(promise: Promise<T>, abortable: Abortable): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = abortable.whenAborted(() => reject(abortable.reason))
    promise.then(
      (value) => {
        forget()
        resolve(value)
      },
      (error: unknown) => {
        forget()
        reject(error)
      },
    )
  })
}
