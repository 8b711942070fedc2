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

function difference(results, label, beyond, figure) {
  return compared(results, label, beyond, figure, (own, other) => own - other)
}

export function errorsOf(results, label) {
  return results.get(label).flatMap(({ error }) => (error === undefined ? [] : [error]))
}

/**
 * What a scenario's Rivulet contestants had to show, and whether they did. `overBy`: how much of the bar was used; above 1 it
 * was missed.
 */
export function checkBars({ bars, columns }, results) {
  return bars.flatMap((bar) => {
    const other = bar.against ?? bar.beyond
    if (other !== undefined && !results.has(other)) return []
    return [...results.keys()]
      .filter((label) => (bar.of === undefined ? label.startsWith('rivulet') : label === bar.of))
      .map((label) => {
        const value = valueFor(bar, results, label)
        const overBy = bar.atMost === undefined ? bar.atLeast / value : value / bar.atMost
        return { label, figure: bar.figure, text: textOf(bar, columns), value, overBy, isMet: overBy <= 1 }
      })
  })
}

function valueFor({ figure, against, beyond }, results, label) {
  if (against !== undefined) return ratio(results, label, against, figure)
  if (beyond !== undefined) return difference(results, label, beyond, figure)
  return spread(results, label, figure).median
}

function textOf({ figure, against, beyond, atMost, atLeast }, columns) {
  const limit = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
  if (against !== undefined) return `${columns[figure]} ${limit} × ${against}`
  return `${columns[figure]} ${limit}${beyond === undefined ? '' : ` beyond ${beyond}`}`
}
