import { SseError } from '@rivulet/core'
import type { CollectOptions } from '../collect/collect-options.ts'

/** What a test client asks for, the same with each connection. */
export interface TestClientOptions extends Pick<CollectOptions, 'headers' | 'method' | 'body'> {
  /** What the first connection brings: sent as `Last-Event-ID`. Later ones bring what they got. */
  readonly lastEventId?: string | undefined
  /** How long to wait for one thing, in milliseconds of real time. Default 4,000. */
  readonly timeoutMs?: number | undefined
}

const known: Record<keyof TestClientOptions, true> = {
  headers: true,
  method: true,
  body: true,
  lastEventId: true,
  timeoutMs: true,
}

/** @throws SseError `ERR_SSE_OPTION` */
export function checkTestClientOptions(options: TestClientOptions): void {
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(known, key)) {
      throw refused(`there is no option ${key}; there are: ${Object.keys(known).join(', ')}`, key)
    }
  }
  const { timeoutMs } = options
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw refused(`timeoutMs must be a number of milliseconds > 0, not ${timeoutMs}`, timeoutMs)
  }
}

function refused(rule: string, value: unknown): SseError {
  return new SseError('ERR_SSE_OPTION', `createTestClient(): ${rule}.`, { value })
}
