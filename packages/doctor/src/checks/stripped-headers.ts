import type { Evidence } from '../probes/evidence.ts'
import { isStream } from '../probes/watched.ts'
import { type Finding, ok, problem, unknown, warning } from './finding.ts'

/** Headers of the response that a stream lives by. X-Accel-Buffering is not among them: nginx is meant to take it off. */
const important = [
  'cache-control',
  'content-type',
  'access-control-allow-origin',
  'vary',
  'set-cookie',
] as const

/** Whether what the application says in headers arrives. */
export function checkStrippedHeaders({ main, direct, isRivulet }: Evidence): Finding | undefined {
  if (main.head === null) return undefined
  if (direct === null) {
    const control = main.head.headers['cache-control'] ?? ''
    if (isRivulet && isStream(main) && !/no-store/.test(control)) {
      return warning(
        `The stream is Rivulet's, which sends Cache-Control: no-store, no-transform; what arrives is ${control === '' ? 'none' : control}.`,
        'Something on the way removes or replaces headers.',
        [
          {
            where: 'nginx',
            setting: 'remove proxy_hide_header Cache-Control, expires and add_header Cache-Control',
          },
        ],
      )
    }
    return undefined
  }
  const { head } = direct
  if (head === null) {
    const reason = direct.failure?.message ?? 'there was no answer'
    return unknown(`the direct address says nothing: ${reason}`)
  }
  if (head.status !== main.head.status) {
    return problem(
      `The application answers ${head.status}, and ${main.head.status} arrives.`,
      'Something on the way answers instead of it.',
    )
  }
  const changed = important.filter(
    (name) => String(head.headers[name] ?? '') !== '' && !sameHeader(main, direct, name),
  )
  if (changed.length === 0) return ok('what the application says arrives')
  const listed = changed.map((name) => `${name} (sent: ${show(direct, name)}; arrives: ${show(main, name)})`)
  return problem(
    `Headers are changed on the way: ${listed.join(', ')}.`,
    'Clients and caches go by what arrives.',
    [{ where: 'nginx', setting: 'remove proxy_hide_header, expires and add_header for them' }],
  )
}

type Name = (typeof important)[number]

function sameHeader(one: Evidence['main'], other: Evidence['main'], name: Name): boolean {
  // Cookies of two sessions differ; that there are any is what matters.
  if (name === 'set-cookie') return one.head?.headers[name] !== undefined
  if (name === 'vary') return /origin/i.test(show(one, name)) || !/origin/i.test(show(other, name))
  return show(one, name) === show(other, name)
}

function show({ head }: Evidence['main'], name: Name): string {
  const value = head?.headers[name]
  return value === undefined ? 'none' : String(value)
}
