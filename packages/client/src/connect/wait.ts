import { maxTimerMs } from '../max-timer-ms.ts'

/** What browsers' windows and workers have, and Node has not. */
interface OnlineSource {
  addEventListener?(type: 'online', listener: () => void, options: { signal: AbortSignal }): void
}

/** Waits, until a signal aborts, or the browser says that the network is there again. */
export function waitToRetry(delayMs: number, signal: AbortSignal): Promise<void> {
  const source = globalThis as OnlineSource
  return new Promise((resolve) => {
    const listening = new AbortController()
    const finish = () => {
      clearTimeout(timer)
      listening.abort()
      resolve()
    }
    const timer = setTimeout(finish, Math.min(delayMs, maxTimerMs))
    signal.addEventListener('abort', finish, listening)
    source.addEventListener?.('online', finish, listening)
    if (signal.aborted) finish()
  })
}
