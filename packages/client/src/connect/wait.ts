/** What browsers' windows and workers have, and Node has not. */
interface OnlineSource {
  addEventListener?(type: 'online', listener: () => void): void
  removeEventListener?(type: 'online', listener: () => void): void
}

/** Waits, until a signal aborts, or the browser says that the network is there again. */
export function waitToRetry(delayMs: number, signal: AbortSignal): Promise<void> {
  const source = globalThis as OnlineSource
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      source.removeEventListener?.('online', finish)
      resolve()
    }
    const timer = setTimeout(finish, delayMs)
    signal.addEventListener('abort', finish)
    source.addEventListener?.('online', finish)
    if (signal.aborted) finish()
  })
}
