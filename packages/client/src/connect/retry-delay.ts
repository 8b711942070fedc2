/** Part of the time that a first try may be late, so that clients of one server that went do not come back together. */
const spread = 0.25

/**
 * How long to wait before the next try, in milliseconds: the time the server has asked for, and after failures up to as much more
 * as they have doubled it to, at random.
 *
 * @param failures Tries that came to nothing since the last event.
 */
export function retryDelayMs(retryMs: number, failures: number, maxRetryMs: number): number {
  const grown = Math.min(Math.max(retryMs, 100) * 2 ** failures, Math.max(maxRetryMs, retryMs))
  return retryMs + Math.random() * (failures === 0 ? retryMs * spread : Math.max(0, grown - retryMs))
}
