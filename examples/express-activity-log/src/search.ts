import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'

/** Work between two breaths: other requests are answered meanwhile. */
const hashesPerTurn = 250

/**
 * Work that logs far too much: it looks for numbers whose SHA-256 begins with zeros, and says so each time it looked at one.
 * It makes a flood to try the page with.
 */
export async function searchHashes(log: Logger, count: number): Promise<void> {
  const seed = Date.now().toString(36)
  log.info({ count }, 'search begun')
  const begun = performance.now()
  for (let number = 1; number <= count; number += 1) {
    const hash = createHash('sha256').update(`${seed}-${number}`).digest('hex')
    if (hash.startsWith('0000')) log.error({ number, hash }, 'hash begins with four zeros')
    else if (hash.startsWith('000')) log.warn({ number, hash }, 'hash begins with three zeros')
    else if (hash.startsWith('00')) log.info({ number, hash }, 'hash begins with two zeros')
    else log.debug({ number, hash }, 'hash looked at')
    if (number % hashesPerTurn === 0) await nextTurn()
  }
  log.info({ count, ms: Math.round(performance.now() - begun) }, 'search done')
}
