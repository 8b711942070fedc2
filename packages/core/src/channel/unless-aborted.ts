/**
 * What a promise that others wait for too gives, unless a signal aborts before. What comes later is nobody's.
 *
 * @throws (rejects) the signal's reason, or what the promise rejects with.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    const settle = (how: () => void) => {
      signal.removeEventListener('abort', onAbort)
      how()
    }
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
