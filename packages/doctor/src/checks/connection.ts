import { remediesFor } from '../hops/remedies.ts'
import type { Evidence } from '../probes/evidence.ts'
import { duration, type Finding, ok, problem, warning } from './finding.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'The name does not exist in DNS',
  EAI_AGAIN: 'DNS does not answer',
  ECONNREFUSED: 'Nothing listens there',
  ETIMEDOUT: 'No answer: a firewall drops the packets, or the machine is down',
  EHOSTUNREACH: 'There is no way to that machine',
  ENETUNREACH: 'There is no way to that network',
  ECONNRESET: 'The connection was closed before anything was said',
}

const tlsReasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'The certificate has expired',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet: look at the clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate is signed by an authority that nobody knows',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The server does not send the certificates in between',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The server does not send the certificates in between',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another name',
  ECONNRESET: 'The server hung up during the handshake',
  ETIMEDOUT: 'The server does not answer the handshake',
}

/** Whether there is a server. */
export function checkReachable({ main }: Evidence): Finding {
  const { connection, failure, url } = main
  if (failure !== null && failure.phase !== 'tls') {
    const reason = reasons[failure.code] ?? 'There is no connection'
    return problem(`${reason}: ${url.host} (${failure.message}).`, 'No client gets through.')
  }
  if (connection === null) {
    return failure === null
      ? problem(`No connection to ${url.host} in the time of the watch.`, 'No client gets through.')
      : ok(`${url.host} listens.`)
  }
  return ok(`connected to ${connection.address} in ${duration(connection.connectMs)}`)
}

const minDaysLeft = 14

/** Whether browsers trust the connection. */
export function checkTls({ main }: Evidence): Finding | undefined {
  const { connection, failure } = main
  if (failure?.phase === 'tls') {
    const reason = tlsReasons[failure.code] ?? 'TLS could not be agreed on'
    return problem(`${reason} (${failure.message}).`, 'Browsers refuse the connection; --insecure goes on.')
  }
  const tls = connection?.tls ?? null
  if (tls === null) return undefined
  if (tls.refusal !== null) {
    const reason = tlsReasons[tls.refusal] ?? tls.refusal
    return warning(`${reason}.`, 'Browsers refuse the connection. This report went on because of --insecure.')
  }
  if (tls.daysLeft !== null && tls.daysLeft < minDaysLeft) {
    return warning(`The certificate expires in ${tls.daysLeft} days.`, 'After that browsers refuse it.')
  }
  return ok(
    `${tls.version}, the certificate is valid${tls.daysLeft === null ? '' : ` for ${tls.daysLeft} days`}`,
  )
}

/** Whether the address is the one that answers. */
export function checkRedirects({ main, options }: Evidence): Finding | undefined {
  const [first] = main.redirects
  const last = main.redirects.at(-1)
  if (first === undefined || last === undefined) return undefined
  const chain = main.redirects.map(({ status, to }) => `${status} to ${to}`).join(', then ')
  if (main.head !== null && main.head.status >= 300 && main.head.status < 400) {
    return problem(`Redirected without end: ${chain.slice(0, 200)}.`, 'No client gets a stream.')
  }
  if (options.method !== 'GET' && main.redirects.some(({ status }) => status < 307)) {
    return problem(
      `A ${options.method} was redirected with ${first.status}: ${chain}.`,
      'Clients ask again with GET, without the body. 307 and 308 keep both.',
    )
  }
  if (main.url.origin !== first.from.origin) {
    return warning(
      `Redirected to another origin: ${chain}.`,
      'Every reconnect pays for it, browsers apply CORS, and credentials are not sent along.',
      [{ where: 'your client', setting: `connect to ${main.url.href} directly` }],
    )
  }
  return ok(`followed: ${chain}`)
}

const loopback = /^(127\.|::1$|::ffff:127\.)/

/** Which protocol a browser gets. */
export function checkHttpVersion({ main, options, hops }: Evidence): Finding | undefined {
  const { head, connection } = main
  if (head === null || connection === null) return undefined
  if (head.httpVersion === '2') return ok('HTTP/2: any number of streams share one connection')
  const limit =
    'A browser opens six connections per host: with six streams in its tabs, everything else waits.'
  if (options.http1) return ok('HTTP/1.1, as asked for')
  if (loopback.test(connection.address)) {
    return ok(
      'HTTP/1.1, on this machine. In production offer HTTP/2: browsers open six HTTP/1.1 connections per host',
    )
  }
  const how =
    connection.tls === null
      ? 'There is no TLS, so browsers use HTTP/1.1.'
      : 'The server does not offer HTTP/2.'
  return warning(how, limit, remediesFor('http2', hops))
}
