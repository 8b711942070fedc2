import { retryDelayMs } from '../client/driver.ts'

/** Waits before try number `attempt`, or until the signal aborts. */
export function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, retryDelayMs(attempt))
    signal.addEventListener('abort', finish, { once: true })
  })
}
