import type { Hop } from '../report.ts'

/** After how long a hop gives up on a silent stream unless told otherwise. */
export interface IdleTimeOut {
  readonly seconds: number
  readonly name: string
}

/** Defaults as their makers document them, and what their sample configurations set. The shortest first. */
const idleTimeOuts: readonly IdleTimeOut[] = [
  { seconds: 15, name: 'Envoy' },
  { seconds: 29, name: 'AWS API Gateway' },
  { seconds: 30, name: 'CloudFront' },
  { seconds: 30, name: 'Google Cloud load balancer' },
  { seconds: 50, name: 'HAProxy' },
  { seconds: 55, name: 'Heroku' },
  { seconds: 60, name: 'nginx' },
  { seconds: 60, name: 'AWS ALB' },
  { seconds: 60, name: 'Apache' },
  { seconds: 60, name: 'Varnish' },
  { seconds: 120, name: 'Cloudflare' },
]

/** The shortest silence that one of these hops would not bear; `undefined` where none of them has a limit that is known. */
export function shortestIdleTimeOut(hops: readonly Hop[]): IdleTimeOut | undefined {
  const names = new Set(hops.map(({ name }) => name))
  return idleTimeOuts.find(({ name }) => names.has(name))
}

/**
 * Whose time-out a silence of so many seconds could have been, in words: of those that are known to be on the way, else of
 * all. `''` where it is nobody's default.
 */
export function ownersOf(seconds: number, hops: readonly Hop[]): string {
  const all = idleTimeOuts.filter((timeOut) => timeOut.seconds === seconds).map(({ name }) => name)
  const seen = all.filter((owner) => hops.some(({ name }) => name === owner))
  return (seen.length > 0 ? seen : all).join(', ')
}

/** How far time-outs are from whole seconds at most, network and timers included. */
const toleranceMs = 250

/** The whole number of seconds that a silence lasted, or `null` where it was none: nobody configures 17.4 s. */
export function wholeSeconds(ms: number): number | null {
  const seconds = Math.round(ms / 1000)
  return seconds >= 1 && Math.abs(ms - seconds * 1000) <= toleranceMs ? seconds : null
}
