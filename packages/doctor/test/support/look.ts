import type { Check, CheckId, Report } from '../../src/index.ts'

/** The check with this id; throws where the report has none. */
export function checkOf(report: Report, id: CheckId): Check {
  const check = report.checks.find((one) => one.id === id)
  if (check === undefined)
    throw new Error(`The report has no check ${id}: ${JSON.stringify(report, null, 2)}`)
  return check
}

/** Everything that a report complains of, as `verdict id: message`. */
export function troubles(report: Report, verdicts: readonly string[] = ['problem', 'warning']): string[] {
  return report.checks
    .filter(({ verdict }) => verdicts.includes(verdict))
    .map(({ verdict, id, message }) => `${verdict} ${id}: ${message}`)
}

/** What a report tells to set in a certain place. */
export function settings(check: Check, where: string): string {
  return check.remedies.flatMap((remedy) => (remedy.where === where ? [remedy.setting] : [])).join(' ')
}
