import type { RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { freePort } from '../../../test/support/free-port.ts'
import { certificate } from '../../core/test/sse/certificate.ts'
import { diagnose } from '../src/index.ts'
import { diagnosed, saying, streamHeaders, waitMs } from './support/answer.ts'
import { checkOf, troubles } from './support/look.ts'
import { listen, serve, ticking } from './support/serve.ts'

describe('whether there is a server', () => {
  test('nobody listens', async () => {
    const report = await diagnose(`http://127.0.0.1:${await freePort()}`, { waitMs })
    expect(troubles(report)).toEqual([expect.stringMatching(/^problem reachable: Nothing listens there/)])
    expect(report).toMatchObject({ verdict: 'problem', stream: null })
  })

  test('a name that does not exist', async () => {
    const report = await diagnose('http://nobody.invalid/events', { waitMs: 5_000 })
    expect(checkOf(report, 'reachable').verdict).toBe('problem')
  })

  test('a server that hangs up without an answer', async () => {
    const server = createTcpServer((socket) => socket.on('data', () => socket.destroy()))
    const { origin } = await listen(server)
    const report = await diagnose(origin, { waitMs })
    expect(checkOf(report, 'head')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^No answer/),
    })
  })

  test('a server that is none of HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'))
    const { origin } = await listen(server)
    const report = await diagnose(origin, { waitMs })
    expect(checkOf(report, 'head').message).toMatch(/not valid HTTP/)
  })

  test('a certificate that nobody trusts', async () => {
    const server = createHttpsServer(
      certificate,
      ticking(100, (n) => `data: ${n}\n\n`, streamHeaders),
    )
    const { origin } = await listen(server, 'https')
    const refused = await diagnose(origin, { waitMs })
    expect(troubles(refused)).toEqual([
      expect.stringMatching(/^problem tls: The certificate is signed by itself/),
    ])
    const report = await diagnose(origin, { waitMs, insecure: true })
    expect(checkOf(report, 'tls').verdict).toBe('warning')
    expect(checkOf(report, 'http-version')).toMatchObject({ verdict: 'ok' })
    expect(report.stream).toMatchObject({ httpVersion: '1.1', status: 200 })
  })
})

describe('HTTP/2', () => {
  async function start(): Promise<string> {
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
      response.writeHead(200, streamHeaders)
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      response.write('retry: 3000\n\n')
      const timer = setInterval(() => response.write('data: 1\n\n'), 50)
      response.on('close', () => clearInterval(timer))
    })
    return (await listen(server, 'https')).origin
  }

  test('is used where it is offered, as browsers do', async () => {
    const report = await diagnose(await start(), { waitMs, insecure: true })
    expect(checkOf(report, 'http-version')).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/^HTTP\/2/),
    })
    expect(report.stream).toMatchObject({ httpVersion: '2', retryMs: 3_000, ending: 'open' })
    expect(troubles(report)).toEqual([
      expect.stringMatching(/^warning tls/),
      'warning ids: Events have no ids.',
    ])
  })

  test('can be left out', async () => {
    const report = await diagnose(await start(), { waitMs, insecure: true, http1: true })
    expect(report.stream).toMatchObject({ httpVersion: '1.1' })
  })

  test('a stream that is reset', async () => {
    const secure = createSecureServer(certificate)
    secure.on('stream', (http2Stream, headers) => {
      http2Stream.on('error', () => undefined) // our own
      const endStream = headers[':method'] === 'HEAD'
      http2Stream.respond({ ':status': 200, 'content-type': 'text/event-stream' }, { endStream })
      if (endStream) return
      http2Stream.write('data: 1\n\n')
      setTimeout(() => http2Stream.destroy(new Error('reset')), 100)
    })
    const { origin } = await listen(secure, 'https')
    const report = await diagnose(origin, { waitMs: 2_000, insecure: true })
    expect(checkOf(report, 'staying-open')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^Cut off after .*INTERNAL_ERROR/),
    })
  })
})

describe('what is no stream', () => {
  test.each([
    [401, /wants to know who is asking/],
    [404, /nothing at this address/],
    [503, /No application is ready/],
  ])('status %d', async (status, says) => {
    const report = await diagnosed((_request, response) => response.writeHead(status).end('no'))
    expect(checkOf(report, 'status')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(says),
    })
    expect(report.checks.map(({ id }) => id)).not.toContain('heartbeat')
  })

  test('204: finished, if an id was brought', async () => {
    const listener: RequestListener = (_request, response) => response.writeHead(204).end()
    expect(checkOf(await diagnosed(listener), 'status').verdict).toBe('warning')
    expect(checkOf(await diagnosed(listener, { lastEventId: '7.end' }), 'status').verdict).toBe('ok')
  })

  test('a login page after a redirect', async () => {
    const report = await diagnosed((request, response) => {
      if (request.url !== '/login') response.writeHead(302, { Location: '/login' }).end()
      else
        response
          .setHeader('Content-Type', 'text/html')
          .end('<title>Sign in</title><form><input type="password"></form>')
    })
    expect(checkOf(report, 'content-type')).toMatchObject({
      verdict: 'problem',
      message: 'The answer is a login page (with the title "Sign in").',
    })
    expect(checkOf(report, 'redirects')).toMatchObject({ verdict: 'ok', message: 'followed: 302 to /login' })
    expect(report.finalUrl).toMatch(/\/login$/)
  })

  test('redirects without end', async () => {
    const report = await diagnosed((_request, response) => response.writeHead(302, { Location: '/' }).end())
    expect(checkOf(report, 'redirects')).toMatchObject({ verdict: 'problem' })
  })

  test('credentials are not sent to another origin', async () => {
    const seen: unknown[] = []
    const other = await serve((request, response) => {
      seen.push(request.headers.cookie, request.headers.authorization, request.headers['x-kept'])
      saying('data: 1\n\n')(request, response)
    })
    const report = await diagnosed(
      (_request, response) => response.writeHead(307, { Location: `${other.origin}/` }).end(),
      {
        headers: { Cookie: 'a=b', Authorization: 'Bearer c', 'X-Kept': 'yes' },
      },
    )
    expect(new Set(seen)).toEqual(new Set([undefined, 'yes']))
    expect(checkOf(report, 'redirects')).toMatchObject({ verdict: 'warning' })
  })

  test('JSON', async () => {
    const report = await diagnosed((_request, response) =>
      response.setHeader('Content-Type', 'application/json').end('{}'),
    )
    expect(checkOf(report, 'content-type').message).toBe('The Content-Type is "application/json".')
  })

  test('a stream that does not say so', async () => {
    const report = await diagnosed(saying('data: 1\n\n', { 'Content-Type': 'text/plain' }))
    expect(checkOf(report, 'content-type').message).toMatch(/though the body is an event stream/)
  })
})
