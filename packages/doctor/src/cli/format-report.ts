import { count, duration } from '../checks/finding.ts'
import type { Check, Report, Verdict } from '../report.ts'

/** Turns a text into one with a colour, or leaves it. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'yellow' | 'green', text: string) => string

const codes = { bold: 1, dim: 2, red: 31, yellow: 33, green: 32 } as const

/** Colours for terminals; plain text for everything else. */
export function paintFor(hasColors: boolean): Paint {
  return (style, text) => (hasColors ? `\u001B[${codes[style]}m${text}\u001B[0m` : text)
}

const marks: Readonly<Record<Verdict, readonly [label: string, style: Parameters<Paint>[0]]>> = {
  problem: ['problem', 'red'],
  warning: ['warning', 'yellow'],
  unknown: ['unknown', 'dim'],
  ok: ['ok', 'green'],
}
const labelWidth = 9
const titleWidth = 19

/** The report as people read it: what is wrong first, each with what it means and what to set. */
export function formatReport(report: Report, paint: Paint): string {
  const of = (verdict: Verdict) => report.checks.filter((check) => check.verdict === verdict)
  const wrong = [...of('problem'), ...of('warning')].map((check) => formatTrouble(check, paint))
  const fine = [...of('ok'), ...of('unknown')].map((check) => formatLine(check, paint))
  return [
    formatHeading(report, paint),
    ...wrong,
    fine.join('\n'),
    formatSummary(of('problem').length, of('warning').length, of('unknown').length, paint),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function formatHeading({ finalUrl, hops, stream }: Report, paint: Paint): string {
  const lines = [paint('bold', sanitize(finalUrl))]
  if (hops.length > 0) {
    lines.push(
      `  on the way: ${hops.map(({ name, evidence }) => `${name} (${sanitize(evidence)})`).join(', ')}`,
    )
  }
  if (stream !== null) {
    const { httpVersion, watchedMs, eventCount, commentCount } = stream
    const seen = `${count(eventCount, 'event')}, ${count(commentCount, 'comment')} in ${duration(watchedMs)}`
    lines.push(`  HTTP/${httpVersion}, ${seen}`)
  }
  return lines.join('\n')
}

function formatTrouble({ verdict, title, message, meaning, remedies }: Check, paint: Paint): string {
  const [label, style] = marks[verdict]
  const indent = ' '.repeat(labelWidth)
  const width = Math.max(0, ...remedies.map(({ where }) => where.length))
  return [
    `${paint(style, label.padEnd(labelWidth))}${paint('bold', title)}: ${sanitize(message)}`,
    ...(meaning === undefined ? [] : [`${indent}${sanitize(meaning)}`]),
    ...remedies.map(({ where, setting }) => `${indent}  ${where.padEnd(width)}  ${paint('bold', setting)}`),
  ].join('\n')
}

function formatLine({ verdict, title, message }: Check, paint: Paint): string {
  const [label, style] = marks[verdict]
  return `${paint(style, label.padEnd(labelWidth))}${title.padEnd(titleWidth)}${sanitize(message)}`
}

function formatSummary(problems: number, warnings: number, unknowns: number, paint: Paint): string {
  const tail = unknowns === 0 ? '' : `, ${unknowns} could not be told`
  if (problems === 0 && warnings === 0) return paint('green', `No problems found${tail}.`)
  const text = `${count(problems, 'problem')}, ${count(warnings, 'warning')}${tail}.`
  return paint(problems > 0 ? 'red' : 'yellow', text)
}

/** What a server sent may not steer the terminal. */
function sanitize(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001F\u007F-\u009F]/g, '\uFFFD')
}
