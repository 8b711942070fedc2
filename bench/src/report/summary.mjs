import { median } from '../statistics.mjs'

/** A figure over all rounds. */
export function spread(results, label, figure) {
  const values = valuesOf(results, label, figure)
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * A figure as a ratio to another run's, formed within each round, since what else the machine does changes from round to
 * round; then the median.
 */
export function ratio(results, label, against, figure) {
  const own = results.get(label) ?? []
  const other = results.get(against) ?? []
  const ratios = own.map((result, round) => result[figure] / other[round]?.[figure])
  return median(ratios.filter(Number.isFinite))
}

export function errorsOf(results, label) {
  return results.get(label).flatMap(({ error }) => (error === undefined ? [] : [error]))
}

function valuesOf(results, label, figure) {
  return (results.get(label) ?? []).map((result) => result[figure]).filter(Number.isFinite)
}

/**
 * What every Rivulet contestant of a scenario had to show, and whether it did.
 *
 * @returns {{ label: string, text: string, value: number, bar: number, isMet: boolean, figure: string }[]}
 */
export function checkBars({ bars, columns }, results) {
  const labels = [...results.keys()]
  return bars.flatMap((bar) =>
    labels
      .filter((label) => (bar.of === undefined ? label.startsWith('rivulet') : label === bar.of))
      .filter(() => bar.against === undefined || results.has(bar.against))
      .map((label) => {
        const value =
          bar.against === undefined
            ? spread(results, label, bar.figure).median
            : ratio(results, label, bar.against, bar.figure)
        const limit = bar.atMost ?? bar.atLeast
        return {
          label,
          figure: bar.figure,
          text: `${columns[bar.figure]} ${bar.atMost === undefined ? '≥' : '≤'} ${limit}${bar.against === undefined ? '' : ` × ${bar.against}`}`,
          value,
          overBy: bar.atMost === undefined ? limit / value : value / limit,
          isMet: bar.atMost === undefined ? value >= limit : value <= limit,
        }
      }),
  )
}
