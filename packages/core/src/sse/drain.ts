import type { OpenStream } from '../stream/open-stream.ts'
import type { ConnectedStreams } from './connected-streams.ts'
import { retryWithin } from './retry-range.ts'
import type { ResolvedCloseOptions } from './sse-options.ts'

/** How long the last bytes may take where no grace time was given. */
const flushMs = 1_000
/** Part of the grace time over which hang-ups are spread; the rest is for the last bytes. */
const spread = 0.9

/**
 * Hangs up every open stream at its own time within the grace, each told when to come back; drops what has not let go when
 * the grace is over. Resolves when nothing is left.
 */
export function drain(
  streams: ConnectedStreams<OpenStream>,
  { graceMs, retryMs }: ResolvedCloseOptions,
): Promise<void> {
  return new Promise((resolve) => {
    const waiting = shuffled(streams.open)
    const startedAt = performance.now()
    let timer: NodeJS.Timeout | undefined
    const hangUpDue = () => {
      const elapsed = performance.now() - startedAt
      const share = graceMs === 0 ? 1 : Math.min(elapsed / (graceMs * spread), 1)
      const dueCount = Math.ceil(share * count) - (count - waiting.length)
      for (const stream of waiting.splice(0, dueCount)) stream.hangUp('shutdown', retryWithin(retryMs))
      if (waiting.length > 0) timer = setTimeout(hangUpDue, Math.max((graceMs * spread) / count, 5))
    }
    const deadline = setTimeout(
      () => {
        for (const stream of [...streams]) stream.destroy('shutdown')
        finish()
      },
      graceMs === 0 ? flushMs : graceMs,
    )
    const finish = () => {
      clearTimeout(timer)
      clearTimeout(deadline)
      resolve()
    }
    const count = waiting.length
    hangUpDue()
    streams.onceEmpty(finish)
  })
}

/** In no order that clients have in common (Fisher and Yates). */
function shuffled<T>(items: Iterable<T>): T[] {
  const list = [...items]
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1))
    const a = list[last]
    const b = list[other]
    if (a === undefined || b === undefined) continue
    list[last] = b
    list[other] = a
  }
  return list
}
