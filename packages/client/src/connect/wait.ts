/** Something that tells when the network is there again: a browser's window or worker. */
interface OnlineSource {
  addEventListener(type: 'online', listener: () => void): void
  removeEventListener(type: 'online', listener: () => void): void
}

/** Waits, until a signal aborts, or the browser says that the network is there again. */
export function waitToRetry(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const source = onlineSource()
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      source?.removeEventListener('online', finish)
      resolve()
    }
    const timer = setTimeout(finish, delayMs)
    signal.addEventListener('abort', finish)
    source?.addEventListener('online', finish)
    if (signal.aborted) finish()
  })
}

function onlineSource(): OnlineSource | undefined {
  const { addEventListener } = globalThis as Partial<OnlineSource>
  return typeof addEventListener === 'function' ? (globalThis as unknown as OnlineSource) : undefined
}
