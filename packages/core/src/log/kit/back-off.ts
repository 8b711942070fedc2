const firstDelayMs = 50
const maxDelayMs = 5_000

/**
 * How long to wait before try number `attempt` (0, 1, 2 …), in milliseconds: exponential with full jitter, up to 50 ms at first
 * and 5 s at most.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(attempt: number): number {
  return Math.random() * Math.min(firstDelayMs * 2 ** attempt, maxDelayMs)
}

/**
 * Waits before try number `attempt`, see {@link retryDelayMs}.
 *
 * @throws (rejects) the signal's reason when it aborts.
 */
export function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, retryDelayMs(attempt))
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
