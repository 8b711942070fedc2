import { type SseOptions, sse } from '@rivulet/express'
import { type CollectOptions, collect } from '@rivulet/testing'
import compression from 'compression'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import express, { type Express, type RequestHandler } from 'express'
import express4 from 'express-4'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'

const page = 'https://app.example'

declare module 'express-session' {
  interface SessionData {
    visits: number
  }
}

describe.each([
  ['Express 4', () => express4() as unknown as Express],
  ['Express 5', () => express()],
])('%s', (_name, create) => {
  /** An app with this middleware in front of `res.sse()`, which sends one event and stays open. */
  function appWith(...middleware: RequestHandler[]): Express {
    return appOf(middleware)
  }

  function appOf(middleware: RequestHandler[], options?: SseOptions): Express {
    const app = create()
    for (const one of middleware) app.use(one)
    app.use(sse(options))
    app.all('/events', (request, response) => {
      const stream = response.sse()
      stream.send({ data: { body: request.body, cookies: request.cookies, visits: request.session?.visits } })
    })
    return app
  }

  const first = (app: Express, options: CollectOptions = {}) =>
    collect(app, '/events', { count: 1, ...options })

  test('S39: cors with credentials', async () => {
    const app = appWith(cors({ origin: [page], credentials: true, exposedHeaders: ['x-request-id'] }))
    const { headers, status } = await first(app, { headers: { Origin: page } })
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id',
      'content-type': 'text/event-stream',
      vary: 'Origin',
    })
    const other = await first(app, { headers: { Origin: 'https://evil.example' } })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('S39: cors answers the preflight of a client that brings a last event id', async () => {
    const app = appWith(cors({ origin: [page], credentials: true }))
    const { status, headers, events } = await collect(app, '/events', {
      method: 'OPTIONS',
      headers: {
        Origin: page,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'last-event-id,cache-control,authorization',
      },
    })
    expect({ status, events }).toEqual({ status: 204, events: [] })
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-headers': 'last-event-id,cache-control,authorization',
    })
  })

  test('cors and negotiation share Vary', async () => {
    const app = appOf([cors({ origin: [page] })], { negotiate: true })
    expect((await first(app)).headers.vary).toBe('Origin, Accept')
    const refused = await collect(app, '/events', { headers: { Accept: 'text/html', Origin: page } })
    expect(refused.status).toBe(406)
    expect(refused.headers).toMatchObject({ vary: 'Origin, Accept', 'access-control-allow-origin': page })
  })

  test('helmet', async () => {
    const { headers } = await first(appWith(helmet()))
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'strict-transport-security': expect.any(String),
      'x-content-type-options': 'nosniff',
      'content-type': 'text/event-stream',
    })
  })

  test('several cookies', async () => {
    const app = appWith(cookieParser(), (_request, response, next) => {
      response.cookie('a', '1', { httpOnly: true })
      response.cookie('b', '2')
      response.append('Set-Cookie', 'c=3')
      next()
    })
    const { headers, events } = await first(app, { headers: { Cookie: 'was=here' } })
    expect(headers['set-cookie']).toEqual(['a=1; Path=/; HttpOnly', 'b=2; Path=/', 'c=3'])
    expect(events[0]?.json()).toEqual({ cookies: { was: 'here' } })
  })

  test('express-session: a new session gets its cookie, a returning one is known', async () => {
    const app = appWith(
      session({ secret: 'not secret', resave: false, saveUninitialized: true }),
      (request, _response, next) => {
        request.session.visits = (request.session.visits ?? 0) + 1
        request.session.save(next)
      },
    )
    const { headers, events } = await first(app)
    expect(events[0]?.json()).toEqual({ visits: 1 })
    const [cookie = ''] = headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^connect\.sid=/)
    const back = await first(app, { headers: { Cookie: cookie.split(';')[0] } })
    expect(back.events[0]?.json()).toEqual({ visits: 2 })
  })

  test.each([['application/json'], ['text/plain']])(
    'a body of type %s, parsed by middleware or by nobody',
    async (type) => {
      const app = appWith(express.json())
      const { events, status } = await first(app, {
        method: 'POST',
        body: '{"question":1}',
        headers: { 'Content-Type': type },
      })
      expect(status).toBe(200)
      if (type === 'application/json') expect(events[0]?.json()).toEqual({ body: { question: 1 } })
    },
  )

  test('S40: compression in front leaves the stream alone', async () => {
    const app = appWith(compression({ threshold: 0 }))
    const { headers, events } = await first(app, { headers: { 'Accept-Encoding': 'gzip, br' } })
    expect(headers).not.toHaveProperty('content-encoding')
    expect(events).toHaveLength(1)
  })

  test('S40: compression in front that compresses everything still holds nothing back', async () => {
    const app = create()
    app.use(compression({ threshold: 0, filter: () => true }))
    app.use((_request, response, next) => {
      // Without no-transform, which compression respects.
      const { setHeader } = response
      response.setHeader = function (name, value) {
        return setHeader.call(this, name, name === 'Cache-Control' ? 'no-store' : value)
      }
      next()
    })
    app.use(sse({ heartbeatMs: 20 }))
    let wasClosed = false
    app.get('/events', (_request, response) => {
      const stream = response.sse()
      stream.onClose(() => {
        wasClosed = true
      })
      stream.send({ data: 1 })
    })
    const { headers, events, comments } = await collect(app, '/events', {
      headers: { 'Accept-Encoding': 'gzip' },
      until: () => true,
    })
    expect(headers['content-encoding']).toBe('gzip')
    expect(events[0]?.data).toBe('1')
    expect(comments).toEqual([])
    expect(wasClosed).toBe(true)
  })

  test('morgan logs the stream when it is over', async () => {
    const lines: string[] = []
    const app = appWith(morgan(':method :url :status', { stream: { write: (line) => lines.push(line) } }))
    await first(app)
    expect(lines).toEqual(['GET /events 200\n'])
  })

  test('all of them together', async () => {
    const app = appWith(
      morgan('tiny', { stream: { write: () => {} } }),
      helmet(),
      cors({ origin: page, credentials: true }),
      compression(),
      cookieParser(),
      express.json(),
      session({ secret: 'not secret', resave: false, saveUninitialized: true }),
    )
    const { headers, status, problems } = await first(app, {
      headers: { 'Accept-Encoding': 'gzip', Origin: page },
    })
    expect({ status, problems }).toEqual({ status: 200, problems: [] })
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'access-control-allow-origin': page,
      'x-content-type-options': 'nosniff',
      'set-cookie': [expect.stringMatching(/^connect\.sid=/)],
    })
    const head = await collect(app, '/events', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, ended: true })
    expect(head.headers['content-type']).toBe('text/event-stream')
  })
})
