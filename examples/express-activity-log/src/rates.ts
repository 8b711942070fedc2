import { createChannel } from '@rivulet/express'
import { type Level, levels } from './log-feed.js'

/** Lines of one second, by level: a bar of the page's chart. */
export type Rates = { at: number } & Record<Level, number>

const everyMs = 1_000
/** How many bars a page gets when it is opened. */
const maxHistory = 90

/** Counts lines by level, and publishes the counts once a second. `destination` is what pino writes to. */
export function createRates() {
  const channel = createChannel<{ rates: Rates }>('rates', { retention: { maxEvents: maxHistory } })
  let counts = noLines()

  const timer = setInterval(() => {
    const data = { at: Date.now(), ...counts }
    counts = noLines()
    channel
      .publish({ event: 'rates', data })
      .catch((error: unknown) => process.stderr.write(`Rates could not be published: ${error}\n`))
  }, everyMs)

  return {
    channel,
    destination: {
      // pino sets this on destinations that ask for it, so that no line has to be parsed to be counted.
      lastLevel: 0,
      [Symbol.for('pino.metadata')]: true,
      write(): void {
        const loudest = (Object.keys(levels) as Level[]).findLast((level) => levels[level] <= this.lastLevel)
        counts[loudest ?? 'debug'] += 1
      },
    },
    close(): void {
      clearInterval(timer)
    },
  }
}

function noLines(): Record<Level, number> {
  return { debug: 0, info: 0, warn: 0, error: 0 }
}
