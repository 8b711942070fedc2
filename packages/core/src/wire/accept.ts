/**
 * Whether an `Accept` header takes `text/event-stream`. No header takes everything; the most specific range decides.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.accept
 */
export function acceptsEventStream(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  let decidedBy = -1
  let accepted = false
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';')
    const specificity = ranges.indexOf(type.trim().toLowerCase())
    if (specificity <= decidedBy) continue
    decidedBy = specificity
    accepted = qualityOf(parameters) > 0
  }
  return accepted
}

// Least specific first: the index is the specificity.
const ranges = ['*/*', 'text/*', 'text/event-stream']

function qualityOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*([0-9.]+)\s*$/i.exec(parameter)
    if (match) return Number(match[1])
  }
  return 1
}
