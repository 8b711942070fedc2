import { median } from '../statistics.mjs'

/** A figure over all rounds. */
export function spread(results, label, figure) {
  const values = (results.get(label) ?? []).map((result) => result[figure]).filter(Number.isFinite)
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * A figure compared with another run's within each round, since what else the machine does changes from round to round; then
 * the median.
 */
function compared(results, label, other, figure, compare) {
  const others = results.get(other) ?? []
  const values = (results.get(label) ?? []).map((result, round) =>
    compare(result[figure], others[round]?.[figure]),
  )
  return median(values.filter(Number.isFinite))
}

export function ratio(results, label, against, figure) {
  return compared(results, label, against, figure, (own, other) => own / other)
}

/** Compared with whichever of several did best in the same round; those that failed in it are left out. */
function ratioToBest(results, label, others, figure) {
  const values = (results.get(label) ?? []).map((result, round) => {
    const rivals = others.map((other) => results.get(other)?.[round]?.[figure]).filter(Number.isFinite)
    return result[figure] / Math.min(...rivals)
  })
  return median(values.filter((value) => value > 0))
}

function difference(results, label, beyond, figure) {
  return compared(results, label, beyond, figure, (own, other) => own - other)
}

export function errorsOf(results, label) {
  return results.get(label).flatMap(({ error }) => (error === undefined ? [] : [error]))
}

/**
 * What a scenario's Rivulet contestants had to show, and whether they did. `overBy`: how much of the bar was used; above 1 it
 * was missed. Bars against runs that were not asked for are left out.
 */
export function checkBars({ bars, columns }, results) {
  return bars.flatMap((bar) => {
    const others = [bar.against ?? bar.beyond ?? bar.againstBest ?? []].flat()
    if (others.length > 0 && !others.some((other) => results.has(other))) return []
    return [...results.keys()]
      .filter((label) => (bar.of === undefined ? label.startsWith('rivulet') : label === bar.of))
      .map((label) => {
        const value = valueFor(bar, results, label)
        const overBy = bar.atMost === undefined ? bar.atLeast / value : value / bar.atMost
        return { label, figure: bar.figure, text: textOf(bar, columns), value, overBy, isMet: overBy <= 1 }
      })
  })
}

function valueFor({ figure, against, againstBest, beyond }, results, label) {
  if (againstBest !== undefined) return ratioToBest(results, label, againstBest, figure)
  if (against !== undefined) return ratio(results, label, against, figure)
  if (beyond !== undefined) return difference(results, label, beyond, figure)
  return spread(results, label, figure).median
}

function textOf({ figure, against, againstBest, beyond, atMost, atLeast }, columns) {
  const limit = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
  if (againstBest !== undefined) return `${columns[figure]} ${limit} × the best library`
  if (against !== undefined) return `${columns[figure]} ${limit} × ${against}`
  return `${columns[figure]} ${limit}${beyond === undefined ? '' : ` beyond ${beyond}`}`
}
