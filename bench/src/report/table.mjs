import { named } from '../contestants/index.mjs'
import { checkBars, errorsOf, ratio, spread } from './summary.mjs'

/** A scenario's results as a Markdown table: medians, the spread, ratios to the floor and to the naive loop. */
export function tableOf(scenario, results) {
  const labels = [...results.keys()]
  const references = ['floor', 'naive'].filter((label) => labels.includes(label))
  const [mainFigure] = Object.keys(scenario.columns)
  const header = [
    '',
    ...Object.entries(scenario.columns).flatMap(([figure, title]) =>
      figure === mainFigure ? [title, ...references.map((label) => `× ${label}`)] : [title],
    ),
  ]
  const rows = labels.map((label) => [
    label,
    ...Object.keys(scenario.columns).flatMap((figure) => [
      formatSpread(spread(results, label, figure)),
      ...(figure === mainFigure
        ? references.map((other) => formatNumber(ratio(results, label, other, figure)))
        : []),
    ]),
  ])
  return aligned([header, ...rows])
}

/** What was to be shown, and what went wrong. */
export function notesOn(scenario, results) {
  const bars = checkBars(scenario, results).map(
    ({ label, text, value, isMet }) =>
      `${isMet ? 'met   ' : 'MISSED'}  ${label}: ${text} (${formatNumber(value)})`,
  )
  const errors = [...results.keys()].flatMap((label) =>
    errorsOf(results, label).map((error) => `FAILED  ${named(label)}: ${error}`),
  )
  return [...bars, ...errors, ...(scenario.notes?.(results) ?? [])]
}

function formatSpread({ median, min, max }) {
  if (!Number.isFinite(median)) return '–'
  return `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`
}

function formatNumber(value) {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}
