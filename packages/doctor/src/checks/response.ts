import { remediesFor } from '../hops/remedies.ts'
import { wholeSeconds } from '../hops/time-outs.ts'
import type { Evidence } from '../probes/evidence.ts'
import { mediaTypeOf, streamType, watchedMs } from '../probes/watched.ts'
import { duration, type Finding, inApplication, ok, problem, quote, unknown, warning } from './finding.ts'

const statuses: Readonly<Record<number, string>> = {
  400: 'The server does not understand the request',
  401: 'The server wants to know who is asking: bring a --cookie or a --header "Authorization: …"',
  403: 'The server, or a firewall before it, refuses this client',
  404: 'There is nothing at this address',
  405: 'The route does not take this method',
  406: 'The server does not make event streams of this',
  421: 'The server is not responsible for this host name',
  429: 'Too many requests',
  499: 'A proxy gave up',
  500: 'The application failed',
  502: 'A proxy reached no application behind it, or did not understand its answer',
  503: 'No application is ready, or it is over its limit',
  504: 'A proxy waited in vain for the application to answer',
  520: 'Cloudflare did not understand the answer of the server behind it',
  521: 'The server behind Cloudflare is down',
  522: 'Cloudflare reached no server behind it',
  524: 'Cloudflare waited in vain for the server to answer',
}

const isFinal = 'An EventSource treats every status but 200 as final: it does not come back.'

/** Whether the answer is one that clients take. */
export function checkStatus(evidence: Evidence): Finding | undefined {
  const { main, options, hops } = evidence
  const { head } = main
  if (head === null) return undefined
  const { status } = head
  if (status === 200) return ok('200')
  if (status === 204) {
    return options.lastEventId === undefined
      ? warning(
          '204 instead of a stream.',
          'To an EventSource that means: finished for good, do not come back.',
        )
      : ok('204: this stream is finished for good')
  }
  const seconds = wholeSeconds(head.at - main.requestedAt)
  if ((status === 504 || status === 524) && seconds !== null) {
    return problem(
      `${status} after ${duration(head.at - main.requestedAt)}: a proxy waited ${seconds} s for the first bytes, and none came.`,
      `The application does not answer, or holds the head back until its first event. ${isFinal}`,
      [
        ...remediesFor('head', []).slice(0, 1),
        ...remediesFor('idle-time-out', hops).filter(({ where }) => where !== 'your application'),
      ],
    )
  }
  if (status >= 200 && status < 300) return problem(`${status} instead of 200.`, isFinal)
  return problem(`${status}: ${statuses[status] ?? 'no stream'}${titleOf(main)}.`, isFinal)
}

/** What an error page says of itself. */
function titleOf({ recording }: Evidence['main']): string {
  const title = /<title>([^<]*)<\/title>/i.exec(recording.text)?.[1]?.trim() ?? ''
  return title === '' ? '' : ` (a page with the title ${quote(title)})`
}

/** Whether the answer says that it is a stream, and is one. */
export function checkContentType({ main }: Evidence): Finding | undefined {
  const { head, recording } = main
  if (head === null || head.status !== 200) return undefined
  const contentType = head.headers['content-type']
  const type = mediaTypeOf(contentType)
  const remedy = inApplication(`send the header Content-Type: ${streamType}`)
  if (type !== streamType) {
    const meaning = 'Browsers accept nothing but text/event-stream, and do not come back.'
    if (/html/.test(type)) {
      const isLogin = /log.?in|sign.?in|password/i.test(recording.text)
      const what = isLogin ? 'a login page' : 'an HTML page'
      return problem(
        `The answer is ${what}${titleOf(main).replace('a page ', '')}.`,
        meaning,
        isLogin ? [{ where: 'doctor', setting: '--cookie "name=value"' }] : [],
      )
    }
    const looksRight = recording.eventCount > 0
    const found =
      contentType === undefined ? 'There is no Content-Type' : `The Content-Type is ${quote(contentType)}`
    return problem(`${found}${looksRight ? ', though the body is an event stream' : ''}.`, meaning, remedy)
  }
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    return warning(
      `The charset is ${quote(charset)}.`,
      'Event streams are UTF-8: clients decode them so whatever it says.',
      remedy,
    )
  }
  return ok(contentType ?? '')
}

/** What says where the body ends: for a stream nothing may. */
export function checkFraming({ main }: Evidence): Finding | undefined {
  const { head } = main
  if (head === null || head.status !== 200) return undefined
  const length = head.headers['content-length']
  if (length !== undefined) {
    return problem(
      `There is a Content-Length: ${length}.`,
      'Somebody read the whole stream before sending it on, or will end it after so many bytes.',
      inApplication(
        'set no Content-Length, and look for middleware or a proxy that collects whole responses',
      ),
    )
  }
  if (head.httpVersion === '2') return undefined
  if (head.headers['transfer-encoding'] !== undefined) return ok('chunked')
  return warning(
    `HTTP/${head.httpVersion} without chunks: the end of the connection is the end of the body.`,
    'A connection that is cut looks like a stream that ended, and some proxies buffer such answers whole.',
    [{ where: 'proxies', setting: 'HTTP/1.1 on every hop (nginx: proxy_http_version 1.1;)' }],
  )
}

/** Whether anything may keep the answer. */
export function checkCaching({ main, hops }: Evidence): Finding | undefined {
  const { head } = main
  if (head === null || head.status !== 200) return undefined
  const { headers } = head
  const control = String(headers['cache-control'] ?? '').toLowerCase()
  const hit = ['x-cache', 'cf-cache-status', 'x-cache-status'].find((name) =>
    /\bhit\b/i.test(String(headers[name] ?? '')),
  )
  if (hit !== undefined || Number(headers.age ?? 0) > 0) {
    const evidence = hit === undefined ? `Age: ${headers.age}` : `${hit}: ${String(headers[hit])}`
    return problem(
      `The answer comes out of a cache (${evidence}).`,
      'Clients get an old stream.',
      remediesFor('caching', hops),
    )
  }
  const remedies = inApplication('send the header Cache-Control: no-store, no-transform')
  if (control === '') {
    return warning(
      'There is no Cache-Control.',
      'Caches and compressing proxies may keep or change the stream.',
      remedies,
    )
  }
  if (/\bpublic\b|(?:s-maxage|max-age)=[1-9]/.test(control) && !/no-store|no-cache/.test(control)) {
    return problem(`Cache-Control: ${control}.`, 'Caches may answer with a stream of the past.', remedies)
  }
  if (!/no-store|no-cache|private/.test(control)) {
    return warning(`Cache-Control: ${control}.`, 'It does not keep caches off.', remedies)
  }
  if (!control.includes('no-transform')) {
    return warning(
      `Cache-Control: ${control}, without no-transform.`,
      'Proxies and middleware may compress the stream, and hold events back while they do.',
      remedies,
    )
  }
  return ok(control)
}

/** Whether nginx, wherever it is, is told not to buffer. It takes the header off, so it is seen only where nginx is not. */
export function checkAccelBuffering({ main, direct, hops }: Evidence): Finding | undefined {
  const { head } = direct?.head == null ? main : direct
  if (head === null || head.status !== 200) return undefined
  const value = head.headers['x-accel-buffering']
  if (value !== undefined) {
    return String(value).toLowerCase() === 'no'
      ? ok('no: nginx passes on without buffering')
      : problem(
          `X-Accel-Buffering: ${String(value)}.`,
          'It tells nginx to buffer.',
          inApplication('send the header X-Accel-Buffering: no'),
        )
  }
  if (direct === null && hops.some(({ name }) => name === 'nginx')) {
    return unknown(
      'nginx takes X-Accel-Buffering off; --direct <address behind nginx> shows whether it was there',
    )
  }
  return warning(
    'There is no X-Accel-Buffering: no.',
    'An nginx before it buffers unless it is configured not to.',
    inApplication('send the header X-Accel-Buffering: no'),
  )
}

const slowHeadRequestMs = 2_000

/** Whether HEAD is answered: monitors and link checkers use it. */
export function checkHeadRequest({ headRequest, main }: Evidence): Finding | undefined {
  if (headRequest === null || main.head === null) return undefined
  const { head } = headRequest
  if (head === null) {
    const waited = watchedMs(headRequest)
    return waited < slowHeadRequestMs
      ? unknown(`no answer to HEAD in ${duration(waited)}; the watch was too short to tell`)
      : warning(
          `HEAD is not answered in ${duration(waited)}.`,
          'Uptime checks and link checkers use it; each may leave an open stream behind.',
          inApplication('answer HEAD with the headers alone, and open no stream for it'),
        )
  }
  return ok(`${head.status} after ${duration(head.at - headRequest.requestedAt)}`)
}
