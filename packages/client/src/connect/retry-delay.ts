/**
 * How long to wait before the next try, in milliseconds: the time the server has asked for, and at random up to a quarter more, or, after
 * failures, up to as much more as they have doubled it to. Clients of one server that went do not come back together.
 *
 * @param failures Tries that came to nothing since the last event.
 */
export function retryDelayMs(retryMs: number, failures: number, maxRetryMs: number): number {
  const grown = Math.min(Math.max(retryMs, 100) * 2 ** failures, maxRetryMs)
  return retryMs + Math.random() * Math.max(retryMs / 4, grown - retryMs)
}
