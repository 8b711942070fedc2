import type { Check, Remedy } from '../report.ts'

/** A check's outcome, before it gets its name. */
export type Finding = Omit<Check, 'id' | 'title'>

export function ok(message: string): Finding {
  return { verdict: 'ok', message, remedies: [] }
}

/** `why` it could not be told. */
export function unknown(why: string): Finding {
  return { verdict: 'unknown', message: why, remedies: [] }
}

export function warning(message: string, meaning: string, remedies: readonly Remedy[] = []): Finding {
  return { verdict: 'warning', message, meaning, remedies }
}

export function problem(message: string, meaning: string, remedies: readonly Remedy[] = []): Finding {
  return { verdict: 'problem', message, meaning, remedies }
}

/** What to do in the application alone. */
export function inApplication(setting: string): readonly Remedy[] {
  return [{ where: 'your application', setting }]
}

/** A time as people read it: `12 ms`, `3.4 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  return `${(ms / 1000).toFixed(1)} s`
}

/** `1 event`, `1,024 bytes`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`
}

/** A text of somebody else's as a report shows it: one line, quoted, at most 60 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
