import { withEngine } from './log-run.mjs'

/** So many publish at the same time, each again when it was answered. */
export const publisherCounts = [1, 10, 100]
/** A contestant's time is cut into so many pieces, and all take turns: what else the machine does falls on all of them. */
const sliceCount = 20

/**
 * How many events a second one process stores on one channel, with the log alone and by `publish()` of a channel.
 *
 * What Rivulet is compared with is the driver alone, doing the same statements: the same script, the same inserts, as many entries in
 * one as Rivulet's would have, so that nothing but Rivulet's own work is between them. That is more than most write by hand;
 * the rows of an engine that do less say what.
 *
 * @param {readonly object[]} runs All contestants on one server.
 * @returns {Promise<Map<string, Record<string, number>>>} By label.
 */
export function runLogAppend(runs) {
  return withEngine(runs[0], async (stage) => {
    const entrants = await Promise.all(runs.map((run) => enter(stage, run)))
    for (const { worker } of entrants) await worker.call('begin')
    for (const publishers of publisherCounts) {
      await inTurns(entrants, publishers, 2)
      for (const { slices } of entrants) slices.length = 0
      await inTurns(entrants, publishers, sliceCount)
      for (const { figures, slices } of entrants) {
        // Of all slices together: what is done once in some of them, such as a checkpoint, counts too.
        const count = sum(slices, (slice) => slice.count)
        figures[`rate${publishers}`] = (1000 * count) / sum(slices, ({ elapsedMs }) => elapsedMs)
        figures[`cpu${publishers}`] = sum(slices, ({ userUs, systemUs }) => userUs + systemUs) / count
      }
    }
    for (const { worker } of entrants) await worker.call('end')
    for (const entrant of entrants) await assertStored(entrant)
    return new Map(entrants.map(({ label, figures }) => [label, figures]))
  })
}

async function enter(stage, { label, settings }) {
  const { contestant, isLogAlone, seconds, bytes } = settings
  const worker = await stage.open(contestant, {
    core: stage.server.cores,
    channel: label,
    isLogAlone,
    isProfiled: true,
  })
  return {
    label,
    worker,
    plan: { seconds: seconds / sliceCount, bytes },
    slices: [],
    figures: {},
    appended: 0,
  }
}

async function inTurns(entrants, publishers, turns) {
  for (let turn = 0; turn < turns; turn += 1) {
    for (let place = 0; place < entrants.length; place += 1) {
      const entrant = entrants[(place + turn) % entrants.length]
      const slice = await entrant.worker.call('appendFlatOut', { ...entrant.plan, publishers })
      entrant.appended += slice.count
      entrant.slices.push(slice)
    }
  }
}

async function assertStored({ label, worker, appended }) {
  const stored = await worker.call('stored')
  if (stored !== appended) throw new Error(`${stored} of ${appended} events of ${label} were stored`)
}

function sum(slices, amountOf) {
  return slices.reduce((total, slice) => total + amountOf(slice), 0)
}
