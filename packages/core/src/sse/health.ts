import { type InterruptedChannel, interruptedChannels } from '../channel/interruptions.ts'
import { duration, resolveOptions } from '../wire/options.ts'

/** Why a process should get no new streams. */
export type UnreadyReason =
  /** `close()` was called. */
  | 'draining'
  /** `limits.maxStreams` are open. */
  | 'limit'
  /** A log that streams follow has been out of reach for too long. */
  | 'log'

/** What a load balancer and an orchestrator want to know. */
export interface Health {
  /** New streams are welcome here: nothing in `reasons`. */
  readonly ready: boolean
  /** `false` only once `close()` has resolved: nothing will be served any more, and the process can be ended. */
  readonly live: boolean
  readonly reasons: readonly UnreadyReason[]
  readonly openStreams: number
  /**
   * Channels of this process whose log has failed and not been reached since. Their streams stay open, and nothing is lost by
   * it; it comes late.
   */
  readonly interruptedChannels: readonly InterruptedChannel[]
}

export interface HealthOptions {
  /** How long a log may be out of reach until that is a reason, in milliseconds. Default 10,000. */
  readonly logPatienceMs?: number | undefined
}

const defaults = { logPatienceMs: 10_000 }
const checks = { logPatienceMs: duration }

/** @throws SseError `ERR_SSE_OPTION` */
export function healthOf(
  state: {
    readonly isDraining: boolean
    readonly isDrained: boolean
    readonly isFull: boolean
    readonly openStreams: number
  },
  options?: HealthOptions,
): Health {
  const { logPatienceMs } = resolveOptions('health()', options, defaults, checks)
  const { isDraining, isDrained, isFull, openStreams } = state
  const interrupted = interruptedChannels()
  const reasons: UnreadyReason[] = []
  if (isDraining) reasons.push('draining')
  if (isFull) reasons.push('limit')
  if (interrupted.some(({ forMs }) => forMs >= logPatienceMs)) reasons.push('log')
  return {
    ready: reasons.length === 0,
    live: !isDrained,
    reasons,
    openStreams,
    interruptedChannels: interrupted,
  }
}
