import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Channel } from '@rivulet/express'
import type { PulseEvents } from './events.js'

const everyMs = 250
const retryMs = 500

/** Publishes that this node lives, until `signal` is aborted. */
export async function publishPulse(
  channel: Channel<PulseEvents>,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const run = randomUUID()
  for (let count = 1; !signal.aborted; count += 1) {
    const pulse = { event: 'pulse', data: { node, run, count, at: Date.now() } } as const
    // A publish that failed may have been stored all the same. With its key it is stored once, however often it is tried.
    const publish = () => channel.publish({ ...pulse, idempotencyKey: `${run}:${count}` }, { signal })
    while (!(await succeeds(publish)) && !signal.aborted) await pause(retryMs, signal)
    await pause(everyMs, signal)
  }
}

async function succeeds(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action()
    return true
  } catch {
    return false // Redis is out of reach, of which its client tells.
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {}) // Aborted: the loop sees it.
}
