import { createServer as createTcpServer } from 'node:net'
import compression from 'compression'
import express from 'express'
import { type DiagnoseOptions, diagnose } from '../src/index.ts'
import { diagnosed, saying, streamHeaders, waitMs } from './support/answer.ts'
import { checkOf, settings } from './support/look.ts'
import { listen, ticking } from './support/serve.ts'

describe('headers', () => {
  test('Content-Length', async () => {
    const report = await diagnosed((_request, response) =>
      response.writeHead(200, { ...streamHeaders, 'Content-Length': '9' }).end('data: 1\n\n'),
    )
    expect(checkOf(report, 'framing').verdict).toBe('problem')
  })

  test('neither chunks nor length', async () => {
    const server = createTcpServer((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n'),
      )
    })
    const { origin } = await listen(server)
    expect(checkOf(await diagnose(origin, { waitMs }), 'framing').message).toMatch(
      /^HTTP\/1\.0 without chunks/,
    )
  })

  test.each([
    [{}, 'warning'],
    [{ 'Cache-Control': 'no-cache' }, 'warning'],
    [{ 'Cache-Control': 'public, max-age=60' }, 'problem'],
    [{ 'Cache-Control': 'no-cache, no-transform' }, 'ok'],
    [{ 'Cache-Control': 'no-store, no-transform', Age: '17' }, 'problem'],
    [{ 'Cache-Control': 'no-store, no-transform', 'X-Cache': 'HIT from edge' }, 'problem'],
  ])('caching: %j is a %s', async (headers: Record<string, string>, verdict) => {
    const report = await diagnosed(saying('data: 1\n\n', { 'Content-Type': 'text/event-stream', ...headers }))
    expect(checkOf(report, 'caching').verdict).toBe(verdict)
  })

  test('a charset that is not UTF-8', async () => {
    const report = await diagnosed(
      saying('data: 1\n\n', { ...streamHeaders, 'Content-Type': 'text/event-stream; charset=latin1' }),
    )
    expect(checkOf(report, 'content-type').verdict).toBe('warning')
  })

  test('HEAD that is not answered', async () => {
    const report = await diagnosed(
      (request, response) => {
        if (request.method === 'HEAD') return
        response.writeHead(200, streamHeaders)
        response.write(':\n\n')
      },
      { waitMs: 2_500 },
    )
    expect(checkOf(report, 'head-request').verdict).toBe('warning')
  })

  test('a head that waits for the first event', async () => {
    const report = await diagnosed(
      (request, response) => {
        response.writeHead(200, streamHeaders)
        if (request.method === 'HEAD') response.end()
        else setTimeout(() => response.write('data: 1\n\n'), 1_300)
      },
      { waitMs: 2_000 },
    )
    expect(checkOf(report, 'head')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(
        /^The head came after 1\.\d s, together with the first of the body, though HEAD/,
      ),
    })
  })
})

describe('compression', () => {
  test('Express with a compression that does not flush', async () => {
    const app = express()
    app.use(compression())
    app.get('/', (request, response) => {
      ticking(50, (n) => `data: ${n}\n\n`)(request, response)
    })
    const report = await diagnosed(app, { waitMs: 1_500 })
    const check = checkOf(report, 'compression')
    expect(check).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(
        /^Compressed \((gzip|br)\), and nothing came out in 1\.\d s; uncompressed, bytes came after/,
      ),
    })
    expect(settings(check, 'Express')).toContain('event-stream')
    expect(checkOf(report, 'buffering').verdict).toBe('ok')
  })

  test('a coding that nobody asked for', async () => {
    const report = await diagnosed(saying('data: 1\n\n', { ...streamHeaders, 'Content-Encoding': 'zstd' }))
    expect(checkOf(report, 'compression').message).toBe('Content-Encoding zstd: zstd was not asked for.')
  })

  test('bytes that are not what the header says', async () => {
    const report = await diagnosed(saying('data: 1\n\n', { ...streamHeaders, 'Content-Encoding': 'gzip' }))
    expect(checkOf(report, 'compression')).toMatchObject({ verdict: 'problem' })
  })
})

describe('CORS', () => {
  const origin = 'https://app.example'
  const cases: [string, Record<string, string>, DiagnoseOptions, string][] = [
    ['nothing is allowed', {}, {}, 'problem'],
    ['another origin is', { 'Access-Control-Allow-Origin': 'https://other.example' }, {}, 'problem'],
    ['all are', { 'Access-Control-Allow-Origin': '*' }, {}, 'ok'],
    [
      'all are, but there are cookies',
      { 'Access-Control-Allow-Origin': '*' },
      { headers: { cookie: 'a=b' } },
      'problem',
    ],
    ['this one is, without Vary', { 'Access-Control-Allow-Origin': origin }, {}, 'warning'],
    ['this one is', { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }, {}, 'ok'],
    [
      'no credentials are',
      { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' },
      { headers: { cookie: 'a=b' } },
      'problem',
    ],
  ]
  test.each(cases)('%s', async (_name, headers, options, verdict) => {
    const report = await diagnosed(saying('data: 1\n\n', { ...streamHeaders, ...headers }), {
      origin,
      ...options,
    })
    expect(checkOf(report, 'cors').verdict).toBe(verdict)
  })

  test('a preflight that is refused', async () => {
    const report = await diagnosed(
      (request, response) => {
        response.setHeader('Access-Control-Allow-Origin', '*')
        if (request.method === 'OPTIONS') response.writeHead(405).end()
        else saying('data: 1\n\n')(request, response)
      },
      { origin, headers: { Authorization: 'Bearer x' } },
    )
    expect(checkOf(report, 'cors').message).toBe('The preflight (OPTIONS) is answered 405.')
  })
})
