import { withEngine } from './log-run.mjs'

/** So many publish at the same time, each again when it was answered. */
export const publisherCounts = [1, 10, 100]
/** Part of the measured time. */
const warmUpShare = 0.25

/**
 * How many events a second one process stores on one channel.
 *
 * What Rivulet is compared with is the driver alone, doing the same statements: the same script, the same inserts, as many entries in
 * one as Rivulet's would have, so that nothing but Rivulet's own work is between them. That is more than most write by hand;
 * the rows of an engine that do less say what.
 */
export function runLogAppend(run) {
  const { contestant, seconds, bytes } = run.settings
  return withEngine(run, async (stage) => {
    const worker = await stage.open(contestant, { isProfiled: true })
    const figures = {}
    let appended = 0
    for (const publishers of publisherCounts) {
      const warmUp = await worker.call('appendFlatOut', { publishers, seconds: seconds * warmUpShare, bytes })
      const measured = await worker.call('appendFlatOut', { publishers, seconds, bytes })
      appended += warmUp.count + measured.count
      figures[`rate${publishers}`] = (measured.count / measured.elapsedMs) * 1000
      figures[`cpu${publishers}`] = (measured.userUs + measured.systemUs) / measured.count
    }
    const stored = await worker.call('stored')
    if (stored !== appended) throw new Error(`${stored} of ${appended} events were stored`)
    return figures
  })
}
