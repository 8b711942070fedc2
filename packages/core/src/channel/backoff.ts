const firstDelayMs = 50
const maxDelayMs = 5_000

/**
 * Waits before try number `attempt` (0, 1, 2 …): exponential with full jitter, 50 ms at first and 5 s at most.
 *
 * @throws (rejects) the signal's reason when it aborts.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const delayMs = Math.random() * Math.min(firstDelayMs * 2 ** attempt, maxDelayMs)
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
