import type { AddressInfo } from 'node:net'
import type { EventStream } from '@rivulet/core'
import { sse } from '@rivulet/fastify'
import { collect } from '@rivulet/testing'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { logged, Milestone, majors } from './support/application.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const failure = new Error('only the log may know')

async function open(reply: FastifyReply): Promise<EventStream> {
  const stream = await reply.sse()
  stream.send({ data: 'before' })
  return stream
}

describe.each(majors)('%s', (_name, _major, fastify) => {
  describe.each([
    ['declared after the plugin was loaded', true],
    ['declared before the plugin is loaded', false],
  ])('a route %s', (_when, isAwaited) => {
    test.each<[string, Handler]>([
      [
        'rejects',
        async (_request, reply) => {
          await open(reply)
          throw failure
        },
      ],
      [
        'rejects later',
        async (_request, reply) => {
          await (await open(reply)).drained()
          await new Promise((resolve) => setImmediate(resolve))
          throw failure
        },
      ],
      [
        'throws without being async',
        (_request, reply) => {
          void reply.sse().then((stream) => stream.send({ data: 'late' }))
          throw failure
        },
      ],
      [
        'rejects without waiting for its stream',
        async (_request, reply) => {
          void reply.sse()
          throw failure
        },
      ],
      [
        'throws in the form with a handler',
        (_request, reply) =>
          reply.sse((stream) => {
            stream.send({ data: 'before' })
            throw failure
          }),
      ],
      [
        'rejects in the form with a handler, which nobody waits for',
        (_request, reply) => {
          void reply.sse(async (stream) => {
            stream.send({ data: 'before' })
            await stream.drained()
            throw failure
          })
        },
      ],
    ])(
      'that %s: its stream is closed, the error is logged once, the client hears nothing',
      async (_way, handler) => {
        const { app, log } = logged(fastify)
        const registered = app.register(sse)
        if (isAwaited) await registered
        app.get('/', handler as () => unknown)
        for (let round = 1; round <= 2; round += 1) {
          const { status, ended, raw } = await collect(app, '/')
          expect([status, ended]).toEqual([200, true])
          expect(raw.toString()).toMatch(/^retry: \d+\n\n(data: before\n\n)?$/)
          expect(app.sse.streams.size).toBe(0)
          expect(log.map(({ level, err }) => [level, err?.message])).toEqual(
            Array.from({ length: round }, () => [50, failure.message]),
          )
        }
        await app.close()
      },
    )
  })

  describe.each(['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const)('a hook %s', (name) => {
    type Hook = (request: FastifyRequest, reply: FastifyReply, ...rest: unknown[]) => unknown
    const ways: Record<string, Hook> = {
      async rejects(_request, reply) {
        await open(reply)
        throw failure
      },
      'gives its error to done'(_request, reply, ...rest) {
        const done = rest.at(-1) as (error: unknown) => void // as Fastify calls such hooks
        open(reply).then(() => done(failure), done)
      },
    }
    test.each(
      Object.entries(ways).flatMap(([way, hook]) => [
        [way, 'of a route', hook] as const,
        [way, 'of the application', hook] as const,
      ]),
    )('that %s, %s: its stream is closed, the error is logged once', async (_way, whose, hook) => {
      const { app, log } = logged(fastify)
      await app.register(sse)
      const handler = jest.fn(async () => 'never')
      if (whose === 'of the application') app.addHook(name as 'onRequest', hook as () => Promise<void>)
      app.get('/', whose === 'of a route' ? { [name]: hook } : {}, handler)
      for (let round = 1; round <= 2; round += 1) {
        const { status, ended, raw } = await collect(app, '/')
        expect([status, ended]).toEqual([200, true])
        expect(raw.toString()).toMatch(/^retry: \d+\n\ndata: before\n\n$/)
        expect(app.sse.streams.size).toBe(0)
        expect(log.map(({ level, err }) => [level, err?.message])).toEqual(
          Array.from({ length: round }, () => [50, failure.message]),
        )
      }
      expect(handler).not.toHaveBeenCalled()
      await app.close()
    })

    test('without a stream keeps its errors, and what it gives on', async () => {
      const { app, log } = logged(fastify)
      await app.register(sse)
      app.setErrorHandler((error, _request, reply) => reply.code(503).send({ isOurs: error === failure }))
      app.addHook(name as 'preHandler', (request, _reply, ...rest: unknown[]) => {
        const [done, payload] = rest.reverse() as [(error: unknown, payload?: unknown) => void, unknown]
        done(request.url === '/bad' ? failure : null, payload)
      })
      app.post('/good', async (request) => ({ got: request.body }))
      app.post('/bad', async () => 'never')
      const options = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }
      await app.listen({ port: 0, host: '127.0.0.1' })
      const { port } = app.server.address() as AddressInfo // it listens on a port
      const answers = []
      for (const path of ['/good', '/bad', '/good', '/bad']) {
        answers.push(await (await fetch(`http://127.0.0.1:${port}${path}`, options)).json())
      }
      const [good, bad] = [{ got: { a: 1 } }, { isOurs: true }]
      expect(answers).toEqual([good, bad, good, bad])
      expect(log).toEqual([])
      await app.close()
    })
  })

  test('a handler that fails before its stream is open is answered by Fastify, once', async () => {
    const { app, log } = logged(fastify)
    await app.register(sse)
    app.addHook('onSend', async () => {
      await new Promise((resolve) => setImmediate(resolve))
    })
    const settled: unknown[] = []
    app.get('/thrown', (_request, reply) => {
      reply.sse().catch((error) => settled.push(error))
      throw failure
    })
    app.get('/rejected', async (_request, reply) => {
      void reply.sse()
      throw failure
    })
    for (const path of ['/thrown', '/rejected']) {
      const { status, headers, ended } = await collect(app, path)
      expect([status, headers['content-type'], ended]).toEqual([500, 'application/json; charset=utf-8', true])
    }
    expect(settled).toEqual([failure])
    expect(log.map(({ level, err }) => [level, err?.message])).toEqual([
      [50, failure.message],
      [50, failure.message],
    ])
    expect(app.sse.streams.size).toBe(0)
    await app.close()
  })

  test("a route without a stream keeps its errors, and the application's error handler", async () => {
    const { app, log } = logged(fastify)
    await app.register(sse)
    app.setErrorHandler((error, _request, reply) => reply.code(503).send({ isOurs: error === failure }))
    app.get('/thrown', () => {
      throw failure
    })
    app.get('/rejected', () => Promise.reject(failure))
    for (const path of ['/thrown', '/rejected']) {
      const { status, raw } = await collect(app, path)
      expect([status, raw.toString()]).toEqual([503, '{"isOurs":true}'])
    }
    expect(log).toEqual([])
    await app.close()
  })

  test('work that was aborted because the client left is no error', async () => {
    const { app, log } = logged(fastify)
    const settled = new Milestone()
    await app.register(sse)
    app.get('/', async (_request, reply) => {
      const stream = await open(reply)
      try {
        await new Promise((_resolve, reject) => {
          stream.signal.addEventListener('abort', () => reject(stream.signal.reason))
        })
      } finally {
        settled.reach()
      }
    })
    await collect(app, '/', { count: 1 })
    await settled.reached
    await app.close()
    expect(log).toEqual([])
  })

  test('onError of the options gets the errors of handlers instead of the log', async () => {
    const { app, log } = logged(fastify)
    const errors: unknown[] = []
    await app.register(sse, { onError: (error) => errors.push(error) })
    app.get('/', (_request, reply) => reply.sse(() => Promise.reject(failure)))
    await collect(app, '/')
    await app.close()
    expect([errors, log]).toEqual([[failure], []])
  })
})
