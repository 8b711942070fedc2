import type { IncomingHttpHeaders } from 'node:http'
import type { Evidence } from '../probes/evidence.ts'
import { isStream } from '../probes/watched.ts'
import { type Finding, inApplication, ok, problem, warning } from './finding.ts'

/** Whether a page of another site may read the stream. */
export function checkCors({ main, preflight, options }: Evidence): Finding | undefined {
  const { origin, headers } = options
  if (origin === undefined || main.head === null) return undefined
  const received = main.head.headers
  const needsCredentials = headers.cookie !== undefined
  const refusal =
    refusalOf(received, origin, needsCredentials) ??
    (isStream(main) ? refusedPreflight(preflight, origin) : null)
  if (refusal !== null) {
    return problem(
      refusal,
      `Pages of ${origin} cannot read the stream.`,
      inApplication(allow(origin, needsCredentials)),
    )
  }
  const allowed = received['access-control-allow-origin']
  if (allowed !== '*' && !/\borigin\b|\*/i.test(received.vary ?? '')) {
    return warning(
      `${origin} is allowed, but there is no Vary: Origin.`,
      'A cache may give the answer for one site to another.',
      inApplication('send the header Vary: Origin'),
    )
  }
  return ok(`${origin} may read it${needsCredentials ? ', with credentials' : ''}`)
}

function refusalOf(received: IncomingHttpHeaders, origin: string, needsCredentials: boolean): string | null {
  const allowed = received['access-control-allow-origin']
  if (allowed === undefined) return 'There is no Access-Control-Allow-Origin.'
  if (allowed !== '*' && allowed !== origin)
    return `Access-Control-Allow-Origin is ${allowed}, not ${origin}.`
  if (!needsCredentials) return null
  if (allowed === '*')
    return 'Access-Control-Allow-Origin is *, which does not count for requests with cookies.'
  if (received['access-control-allow-credentials'] !== 'true') {
    return 'There is no Access-Control-Allow-Credentials: true.'
  }
  return null
}

function refusedPreflight(preflight: Evidence['preflight'], origin: string): string | null {
  if (preflight === null) return null
  if (preflight.head === null) return 'The preflight (OPTIONS) is not answered.'
  const { status, headers } = preflight.head
  if (status < 200 || status > 299) return `The preflight (OPTIONS) is answered ${status}.`
  return (
    refusalOf(headers, origin, false)?.replace(/\.$/, ' in the answer to the preflight (OPTIONS).') ?? null
  )
}

function allow(origin: string, needsCredentials: boolean): string {
  const credentials = needsCredentials ? ', Access-Control-Allow-Credentials: true' : ''
  return `Access-Control-Allow-Origin: ${origin}, Vary: Origin${credentials}; answer OPTIONS with 204 and the headers that pages send`
}
