import fastifyCompress from '@fastify/compress'
import fastifyCompress4 from '@fastify/compress-4'
import type fastifyCookie from '@fastify/cookie'
import fastifyCookie4 from '@fastify/cookie-4'
import fastifyCors from '@fastify/cors'
import fastifyCors4 from '@fastify/cors-4'
import fastifyEtag from '@fastify/etag'
import fastifyEtag4 from '@fastify/etag-4'
import fastifyHelmet from '@fastify/helmet'
import fastifyHelmet4 from '@fastify/helmet-4'
import fastifySession from '@fastify/session'
import fastifySession4 from '@fastify/session-4'
import { type SseOptions, sse } from '@rivulet/fastify'
import { type CollectOptions, collect } from '@rivulet/testing'
import fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyRequest } from 'fastify'
import fastify4 from 'fastify-4'
import { requireOutside } from './harness/outside-jest.ts'

const page = 'https://app.example'
const secret = 'a secret of at least thirty-two characters'

/** What both majors need, in the types of the newer one. */
interface Major {
  readonly create: () => FastifyInstance
  readonly cors: typeof fastifyCors
  readonly helmet: typeof fastifyHelmet
  readonly cookie: typeof fastifyCookie
  readonly session: typeof fastifySession
  readonly compress: typeof fastifyCompress
  readonly etag: typeof fastifyEtag
}

const majors: readonly (readonly [name: string, major: Major])[] = [
  [
    'Fastify 4',
    {
      create: () => fastify4() as unknown as FastifyInstance,
      cors: fastifyCors4 as unknown as typeof fastifyCors,
      helmet: fastifyHelmet4 as unknown as typeof fastifyHelmet,
      cookie: fastifyCookie4 as unknown as typeof fastifyCookie,
      session: fastifySession4 as unknown as typeof fastifySession,
      compress: fastifyCompress4 as unknown as typeof fastifyCompress,
      etag: fastifyEtag4 as unknown as typeof fastifyEtag,
    },
  ],
  [
    'Fastify 5',
    {
      create: () => fastify(),
      cors: fastifyCors,
      helmet: fastifyHelmet,
      cookie: requireOutside('@fastify/cookie') as typeof fastifyCookie,
      session: fastifySession,
      compress: fastifyCompress,
      etag: fastifyEtag,
    },
  ],
]

describe.each(majors)('%s', (_name, major) => {
  const apps: FastifyInstance[] = []
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
  })

  /** An instance with these plugins, whose `/events` sends one event and stays open. */
  async function appWith(
    plug: (app: FastifyInstance) => unknown,
    prepare: FastifyPluginAsync | undefined = undefined,
    options: SseOptions<FastifyRequest> = {},
  ): Promise<FastifyInstance> {
    const app = major.create()
    apps.push(app)
    await plug(app)
    await app.register(sse, options)
    if (prepare !== undefined) await prepare(app, {})
    app.all('/events', async (request, reply) => {
      const stream = await reply.sse()
      stream.send({ data: { body: request.body, cookies: request.cookies, visits: visitsOf(request) } })
    })
    return app
  }

  const first = (app: FastifyInstance, options: CollectOptions = {}) =>
    collect(app, '/events', { count: 1, ...options })

  test('S39: @fastify/cors with credentials', async () => {
    const app = await appWith((app) =>
      app.register(major.cors, { origin: [page], credentials: true, exposedHeaders: ['x-request-id'] }),
    )
    const { headers, status } = await first(app, { headers: { Origin: page } })
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id',
      'content-type': 'text/event-stream',
      vary: 'Origin',
    })
    const preflight = await collect(app, '/events', {
      method: 'OPTIONS',
      headers: {
        Origin: page,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'last-event-id',
      },
    })
    expect({ status: preflight.status, events: preflight.events }).toEqual({ status: 204, events: [] })
    expect(preflight.headers['access-control-allow-headers']).toBe('last-event-id')
  })

  test('@fastify/cors and negotiation share Vary', async () => {
    const app = await appWith((app) => app.register(major.cors, { origin: [page] }), undefined, {
      negotiate: true,
    })
    expect((await first(app, { headers: { Origin: page } })).headers.vary).toBe('Origin, Accept')
    const refused = await collect(app, '/events', { headers: { Accept: 'text/html', Origin: page } })
    expect(refused.status).toBe(406)
    expect(refused.headers['access-control-allow-origin']).toBe(page)
  })

  test('@fastify/helmet', async () => {
    const { headers } = await first(await appWith((app) => app.register(major.helmet)))
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'x-content-type-options': 'nosniff',
      'content-type': 'text/event-stream',
    })
  })

  test('@fastify/cookie: several cookies', async () => {
    const app = await appWith(
      (app) => app.register(major.cookie),
      async (app) => {
        app.addHook('onRequest', async (_request, reply) => {
          reply.setCookie('a', '1', { httpOnly: true }).setCookie('b', '2')
        })
      },
    )
    const { headers, events } = await first(app, { headers: { Cookie: 'was=here' } })
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^a=1;.*HttpOnly/),
      expect.stringMatching(/^b=2/),
    ])
    expect(events[0]?.json()).toMatchObject({ cookies: { was: 'here' } })
  })

  test('@fastify/session: a new session gets its cookie, a returning one is known', async () => {
    const app = await appWith(
      async (app) => {
        await app.register(major.cookie)
        await app.register(major.session, { secret, cookie: { secure: false } })
      },
      async (app) => {
        app.addHook('preHandler', async (request) => {
          Reflect.set(request.session, 'visits', (visitsOf(request) ?? 0) + 1)
        })
      },
    )
    const { headers, events } = await first(app)
    expect(events[0]?.json()).toMatchObject({ visits: 1 })
    const [cookie = ''] = headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^sessionId=/)
    const back = await first(app, { headers: { Cookie: cookie.split(';')[0] } })
    expect(back.events[0]?.json()).toMatchObject({ visits: 2 })
  })

  test('S40: @fastify/compress leaves the stream alone', async () => {
    const app = await appWith((app) => app.register(major.compress, { threshold: 0 }))
    const { headers, events } = await first(app, { headers: { 'Accept-Encoding': 'gzip, br' } })
    expect(headers).not.toHaveProperty('content-encoding')
    expect(events).toHaveLength(1)
  })

  test('S40: @fastify/compress that compresses everything leaves the stream alone', async () => {
    const app = await appWith((app) =>
      app.register(major.compress, { threshold: 0, customTypes: /./, inflateIfDeflated: false }),
    )
    const { headers, events } = await first(app, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(headers).not.toHaveProperty('content-encoding')
    expect(events).toHaveLength(1)
  })

  test('@fastify/etag', async () => {
    const { headers, events } = await first(await appWith((app) => app.register(major.etag)))
    expect(headers).not.toHaveProperty('etag')
    expect(events).toHaveLength(1)
  })

  test('a POST with a parsed body', async () => {
    const app = await appWith(() => {})
    const { events } = await first(app, { body: { question: 1 } })
    expect(events[0]?.json()).toMatchObject({ body: { question: 1 } })
  })

  test("headers of the application's own onSend hooks", async () => {
    const app = await appWith(
      () => {},
      async (app) => {
        app.addHook('onSend', async (_request, reply, payload) => {
          reply.header('x-hook', 'async')
          return payload
        })
        app.addHook('onSend', (_request, reply, payload, done) => {
          reply.header('x-other', 'callback')
          done(null, payload)
        })
      },
    )
    expect((await first(app)).headers).toMatchObject({ 'x-hook': 'async', 'x-other': 'callback' })
  })

  test('an onSend hook that fails is answered by Fastify, and the handler hears of it', async () => {
    const app = await appWith(
      () => {},
      async (app) => {
        app.addHook('onSend', async () => {
          throw Object.assign(new Error('no session store'), { statusCode: 503 })
        })
      },
    )
    const result = await collect(app, '/events')
    expect(result).toMatchObject({ events: [], ended: true })
    expect(result.headers['content-type']).not.toBe('text/event-stream')
    expect(result.status).toBeGreaterThanOrEqual(500)
  })

  test('inject gets a finite stream whole', async () => {
    const app = await appWith(() => {})
    app.get('/finite', (_request, reply) => {
      void reply.sse((stream) => {
        stream.send({ data: 'injected' })
      })
    })
    const { statusCode, headers, body } = await app.inject('/finite')
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('text/event-stream')
    expect(body).toMatch(/^retry: \d+\n\ndata: injected\n\nid: \.end\nevent: \$end\ndata: .*\n\n$/)
  })

  test('all of them together', async () => {
    const app = await appWith(async (app) => {
      await app.register(major.helmet)
      await app.register(major.cors, { origin: page, credentials: true })
      await app.register(major.compress, { threshold: 0 })
      await app.register(major.etag)
      await app.register(major.cookie)
      await app.register(major.session, { secret, cookie: { secure: false } })
    })
    const { headers, status, problems } = await first(app, {
      headers: { 'Accept-Encoding': 'gzip', Origin: page },
    })
    expect({ status, problems }).toEqual({ status: 200, problems: [] })
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'access-control-allow-origin': page,
      'x-content-type-options': 'nosniff',
      'set-cookie': [expect.stringMatching(/^sessionId=/)],
    })
    const head = await collect(app, '/events', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, ended: true })
    expect(head.headers['content-type']).toBe('text/event-stream')
  })
})

function visitsOf(request: FastifyRequest): number | undefined {
  return Reflect.get(Object(request.session), 'visits')
}
