import { remediesFor } from '../hops/remedies.ts'
import type { Evidence } from '../probes/evidence.ts'
import { isRepeatable } from '../probes/requests.ts'
import { isStream } from '../probes/watched.ts'
import { type Finding, inApplication, ok, problem, quote, unknown, warning } from './finding.ts'

const lost = 'A client that comes back misses what was sent while it was away.'

/** Whether a client that comes back gets what it missed. */
export function checkResume(evidence: Evidence): Finding | undefined {
  const { main, resume, options, hops, isRivulet } = evidence
  if (!isStream(main) || main.recording.bytes === 0) return undefined
  if (!isRepeatable(options)) return unknown(`a ${options.method} may have effects, so it was not repeated`)
  if (resume === null) return unknown('there is no id to bring back')
  const { id, viaHeader, viaQuery, detail } = resume
  if (viaHeader === 'resumed') return ok(`went on after Last-Event-ID ${quote(id)}`)
  if (viaHeader === 'finished') return ok('finished for good: a client that comes back is answered 204')
  if (viaQuery === 'resumed' || viaQuery === 'finished' || viaQuery === 'gap') {
    return problem(
      `The header Last-Event-ID does not arrive: ${quote(id)} is unknown in the header and works in the query (?lastEventId=).`,
      `Something on the way strips it. ${lost}`,
      remediesFor('last-event-id', hops),
    )
  }
  if (viaHeader === 'gap') return gapFinding(id, detail)
  if (viaHeader === 'refused') {
    return problem(
      `A request with Last-Event-ID ${quote(id)} was answered ${detail}.`,
      'An EventSource treats that as final: one lost connection, and it never comes back.',
    )
  }
  if (isRivulet && viaHeader === 'skipped') {
    return problem(
      `Neither the header Last-Event-ID nor ?lastEventId= arrives: ${quote(id)} was not seen by the server.`,
      `Something on the way strips both. ${lost}`,
      remediesFor('last-event-id', hops),
    )
  }
  return notResumed(evidence)
}

/** The id was seconds old, so that no history is too short for it. */
function gapFinding(id: string, reason: string): Finding {
  if (reason === 'unknown') {
    return problem(
      `The id ${quote(id)}, just received, is from another history: several processes answer, each with events of its own.`,
      lost,
      inApplication(
        'one log for all processes (@rivulet/log-redis, @rivulet/log-postgres …), or sticky sessions',
      ),
    )
  }
  return warning(
    `What follows the id ${quote(id)}, just received, is not kept any more.`,
    'The retention is too short for the traffic: every reconnect is a gap.',
    inApplication('more retention: { maxEvents, maxBytes, maxAgeMs }'),
  )
}

function notResumed({ resume, hops, main }: Evidence): Finding {
  const remedies = [
    ...inApplication('replay what follows Last-Event-ID; look there whether the header arrives'),
    ...remediesFor('last-event-id', hops).filter(({ where }) => where !== 'your application'),
  ]
  if (resume?.viaHeader === 'repeated') {
    const loops = main.ending === null ? '' : ' A stream that ends is read again and again.'
    return warning(
      `A client that comes back with ${quote(resume.id)} is sent events again that it has.`,
      `The server keeps no history, or Last-Event-ID gets lost on the way.${loops}`,
      remedies,
    )
  }
  if (resume?.viaHeader === 'skipped') {
    return warning(
      `A client that comes back with ${quote(resume.id)} is not sent what followed it.`,
      `The server keeps no history, or Last-Event-ID gets lost on the way. ${lost}`,
      remedies,
    )
  }
  return unknown('nothing came after the reconnect that would tell')
}
