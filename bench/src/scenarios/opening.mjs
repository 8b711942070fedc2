import { sleep } from '../clock.mjs'
import { costOf } from './figures.mjs'
import { withPairs } from './pair.mjs'

/** A contestant's openings are cut into so many pieces, and all take turns: what else the machine does falls on all of them. */
const sliceCount = 16
const settleMs = 50

/**
 * Connections that are opened, answered and hung up by their clients.
 *
 * @param {readonly object[]} runs All contestants.
 * @returns {Promise<Map<string, Record<string, number>>>} By label.
 */
export function runOpening(runs) {
  return withPairs(runs, async (pairs) => {
    const entrants = pairs.map((pair, place) => ({
      pair,
      ...runs[place],
      spent: { userUs: 0, systemUs: 0, elapsedMs: 0 },
    }))
    // As many before: below that it is compiling that is measured, of which those have most that do most.
    for (const { pair, settings } of entrants) await open(pair, settings, settings.openings)
    // Nobody wakes those whose turn it is not.
    for (const { pair } of entrants) await pair.server.call('begin', { isQuiet: true })
    for (let slice = 0; slice < sliceCount; slice += 1) {
      for (let place = 0; place < entrants.length; place += 1) {
        await openSlice(entrants[(place + slice) % entrants.length])
      }
    }
    for (const { pair } of entrants) await pair.server.call('end')
    return new Map(entrants.map((entrant) => [entrant.label, figuresOf(entrant)]))
  })
}

async function openSlice({ pair, settings, spent }) {
  const before = await pair.server.call('cpu')
  const startedAt = performance.now()
  await open(pair, settings, settings.openings / sliceCount)
  spent.elapsedMs += performance.now() - startedAt
  // What hanging up leaves to be done is its own.
  await sleep(settleMs)
  const { user, system } = await pair.server.call('cpu')
  spent.userUs += user - before.user
  spent.systemUs += system - before.system
}

function open({ load, port }, { atOnce }, count) {
  return load.call('openAndClose', { port, path: '/open', count, atOnce })
}

function figuresOf({ settings: { openings }, spent }) {
  return {
    rate: (openings / (spent.userUs + spent.systemUs)) * 1e6,
    ...costOf(spent, openings),
    perSecond: (openings / spent.elapsedMs) * 1000,
  }
}
