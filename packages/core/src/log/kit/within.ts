/**
 * What a promise gives, unless a signal aborts or time runs out before. What comes later is nobody's.
 *
 * @throws (rejects) the signal's reason, or what `late` makes.
 */
export function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  late: () => unknown,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => settle(() => reject(signal?.reason))
    const timer = setTimeout(() => settle(() => reject(late())), timeoutMs)
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      how()
    }
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
