import type { EnvironmentName } from './connection-case.ts'

/** A case, or a part of one, that the client does not meet. */
export interface CaseNotMet {
  readonly id: string
  /** Which part; the rest of the case is tested. Left out: all of it. */
  readonly part?: string
  readonly where: EnvironmentName | 'both'
  readonly reason: string
}

/** Listed for readers in `docs/client.md` too, in the same words. */
export const casesNotMet: readonly CaseNotMet[] = [
  {
    id: 'C6',
    part: '5xx',
    where: 'both',
    reason: 'On purpose: 5xx, 408, 425 and 429 pass, so they are tried again.',
  },
  {
    id: 'C7',
    part: 'text/html',
    where: 'both',
    reason:
      'On purpose: an HTML page comes from a proxy or a portal on the way and passes, so it is tried again.',
  },
  {
    id: 'C10',
    part: 'closed after a redirection that leads in a circle',
    where: 'both',
    reason:
      '`fetch` reports it as it reports a broken network: it is an error, and tried again with back-off.',
  },
  {
    id: 'C15',
    part: 'closed',
    where: 'Chromium',
    reason:
      'Browsers report a refusal by CORS as they report a broken network: it is an error, and tried again with back-off.',
  },
  { id: 'C15', where: 'Node', reason: 'There is no CORS in Node.' },
  { id: 'C16', where: 'Node', reason: 'There are no cookies in Node: pass them as headers.' },
  {
    id: 'C17',
    part: 'no preflight',
    where: 'Chromium',
    reason:
      '`Last-Event-ID` is no header that pages may send to other origins unasked, so that `fetch` asks first, whatever the id.',
  },
  { id: 'C17', where: 'Node', reason: 'There is no CORS in Node.' },
  { id: 'C18', part: 'isTrusted', where: 'both', reason: 'Only a browser’s own events are trusted.' },
]
