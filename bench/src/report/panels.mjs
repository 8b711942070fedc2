import { spread } from './summary.mjs'

/**
 * What of a scenario's results is drawn: the CPU of a delivery, as bars or, where runs stand `at` places of an `axis`, as
 * lines. Contestants that failed are left out.
 *
 * @returns {Panel[]}
 *
 * @typedef {BarPanel | LinePanel} Panel
 * @typedef {{ kind: 'bars', title: string, bars: { label: string, user: number, system: number }[] }} BarPanel
 * @typedef {{ kind: 'lines', title: string, lines: { label: string, points: { at: number, value: number }[] }[] }} LinePanel
 */
export function panelsOf(scenario, results) {
  const runs = scenario.runs().filter(({ label }) => Number.isFinite(spread(results, label, 'cpu').median))
  if (runs.some(({ axis }) => axis !== undefined)) return linePanels(runs, results)
  if (scenario.isPictured !== true || runs.length === 0) return []
  const bars = runs.map(({ label }) => {
    const [cpu, user, system] = ['cpu', 'user', 'system'].map(
      (figure) => spread(results, label, figure).median,
    )
    // Medians of parts need not add up to that of the whole, which is what the table says.
    return { label, user: (cpu * user) / (user + system), system: (cpu * system) / (user + system) }
  })
  return [{ kind: 'bars', title: scenario.title.split(';')[0], bars }]
}

function linePanels(runs, results) {
  const axes = [...new Set(runs.map(({ axis }) => axis))]
  return axes.map((axis) => {
    const onAxis = runs.filter((run) => run.axis === axis)
    const names = [...new Set(onAxis.map(({ contestant }) => contestant))]
    return {
      kind: 'lines',
      title: `CPU of one delivery by ${axis}`,
      lines: names.map((name) => ({
        label: name,
        points: onAxis
          .filter(({ contestant }) => contestant === name)
          .map(({ label, at }) => ({ at, value: spread(results, label, 'cpu').median })),
      })),
    }
  })
}
