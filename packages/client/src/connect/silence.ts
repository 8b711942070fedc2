import { ClientError } from '../client-error.ts'
import { maxTimerMs } from '../max-timer-ms.ts'

export interface Silence {
  /** Something came. */
  broken(): void
  stop(): void
}

/** Tells when nothing comes for too long: the peer may be gone without a word, or this machine was asleep. */
export function watchSilence(limitMs: number | false, onSilent: (error: ClientError) => void): Silence {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => clearTimeout(timer)
  const tell = () => onSilent(new ClientError('ERR_SSE_CLIENT_SILENT', `Nothing came for ${limitMs} ms.`))
  return {
    broken() {
      stop()
      if (limitMs !== false) timer = setTimeout(tell, Math.min(limitMs, maxTimerMs))
    },
    stop,
  }
}
