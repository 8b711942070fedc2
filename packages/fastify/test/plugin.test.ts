import * as core from '@rivulet/core'
import * as adapter from '@rivulet/fastify'
import sseByDefault, { sse } from '@rivulet/fastify'
import { collect } from '@rivulet/testing'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type LogEntry, logged, majors } from './support/application.ts'

test('gives its users all of core', () => {
  expect(Object.keys(adapter).sort()).toEqual([...Object.keys(core), 'default', 'sse'].sort())
  expect(sseByDefault).toBe(sse)
})

describe.each(majors)('%s', (_name, _major, fastify) => {
  let app: FastifyInstance
  let log: LogEntry[]

  beforeEach(() => {
    ;({ app, log } = logged(fastify))
  })

  afterEach(() => app.close())

  describe('registration', () => {
    test('by the whole module, as CommonJS does', async () => {
      await app.register(adapter as unknown as typeof sse)
      expect(app.sse.streams.size).toBe(0)
    })

    test('refuses options that do not exist', async () => {
      await expect(app.register(sse, { heartbeat: 1 } as object)).rejects.toMatchObject({
        code: 'ERR_SSE_OPTION',
      })
      ;({ app } = logged(fastify))
    })

    test('has the options as defaults of its streams', async () => {
      await app.register(sse, { retryMs: false, context: 'default' })
      const contexts: unknown[] = []
      app.get('/', async (_request, reply) => {
        const stream = await reply.sse()
        contexts.push(stream.context)
        stream.close()
      })
      app.get('/own', (_request, reply) =>
        reply.sse((stream) => void contexts.push(stream.context), { context: 'own' }),
      )
      expect((await collect(app, '/')).raw.toString()).toBe(':\n\n')
      await collect(app, '/own')
      expect(contexts).toEqual(['default', 'own'])
    })

    test('in a context stays in that context', async () => {
      let inner: FastifyInstance | undefined
      await app.register(async (context) => {
        inner = context
        await context.register(sse)
        context.get('/inner', async (_request, reply) => {
          const stream = await reply.sse()
          stream.end()
        })
      })
      app.get('/outer', async (_request, reply) => ({ has: 'sse' in reply }))
      expect((await collect(app, '/inner')).headers['content-type']).toBe('text/event-stream')
      expect((await collect(app, '/outer')).raw.toString()).toBe('{"has":false}')
      expect(['sse' in app, 'sse' in (inner ?? {})]).toEqual([false, true])
    })

    test('twice, in a context and in one within, each with its own streams', async () => {
      const contexts: unknown[] = []
      await app.register(sse, { context: 'outer' })
      await app.register(async (context) => {
        context.get('/early', async (_request, reply) => {
          const stream = await reply.sse()
          contexts.push(stream.context, context.sse.streams.size, app.sse.streams.size)
          throw new Error('failed')
        })
        await context.register(sse, { context: 'inner' })
        context.get('/late', async (_request, reply) => {
          const stream = await reply.sse()
          contexts.push(stream.context, context.sse.streams.size, app.sse.streams.size)
          throw new Error('failed')
        })
      })
      for (const path of ['/early', '/late']) expect((await collect(app, path)).ended).toBe(true)
      expect(contexts).toEqual(['inner', 1, 0, 'inner', 1, 0])
      expect(log).toHaveLength(2)
    })
  })

  describe('routes that were declared before the plugin is loaded', () => {
    test('have streams, with the headers of hooks that were registered later still', async () => {
      void app.register(sse)
      app.addHook('onSend', async (_request, reply) => {
        reply.header('x-hook', 'instance')
      })
      app.get('/', async (_request, reply) => {
        const stream = await reply.sse()
        stream.end()
      })
      void app.register(
        Object.assign(
          async (instance: FastifyInstance) => {
            instance.addHook('onSend', async (_request, reply) => {
              reply.header('x-plugin', 'late')
            })
          },
          { [Symbol.for('skip-override')]: true },
        ),
      )
      for (let round = 0; round < 2; round += 1) {
        const { headers, ended } = await collect(app, '/')
        expect(ended).toBe(true)
        expect(headers).toMatchObject({ 'x-hook': 'instance', 'x-plugin': 'late' })
      }
    })

    test('answer HEAD, on the route that Fastify adds by itself', async () => {
      void app.register(sse)
      const reasons: unknown[] = []
      app.get('/', async (_request, reply) => {
        reasons.push((await reply.header('x-own', 'kept').sse()).closed)
      })
      for (let round = 0; round < 2; round += 1) {
        const { status, headers, raw } = await collect(app, '/', { method: 'HEAD' })
        expect([status, headers['content-type'], headers['x-own'], raw.length]).toEqual([
          200,
          'text/event-stream',
          'kept',
          0,
        ])
      }
      expect(reasons).toEqual(['refused', 'refused'])
    })

    test('in a plugin that was loaded before, too', async () => {
      await app.register(async (context) => {
        context.get('/', async (_request, reply) => {
          const stream = await reply.sse()
          stream.send({ data: 'one' })
          throw new Error('failed')
        })
      })
      await app.register(sse)
      for (let round = 1; round <= 2; round += 1) {
        const { events, ended } = await collect(app, '/')
        expect([events.length, ended, log.length]).toEqual([1, true, round])
      }
    })

    test('reject where Fastify looks different inside, and only they', async () => {
      const codes: unknown[] = []
      void app.register(sse)
      app.get('/early', async (_request, reply) => {
        await reply.sse().catch((error) => codes.push(error.code))
      })
      app.after(() => {
        app.get('/late', async (_request, reply) => {
          const stream = await reply.sse()
          stream.send({ data: 'one' })
          throw new Error('failed')
        })
      })
      await app.ready()
      const hidden = jest.spyOn(Object, 'getOwnPropertySymbols').mockReturnValue([])
      const early = await app.inject('/early')
      const late = await app.inject('/late')
      hidden.mockRestore()
      expect([early.payload, codes]).toEqual(['', ['ERR_SSE_HEADERS_SENT']])
      expect(late.payload).toMatch(/^retry: \d+\n\ndata: one\n\n$/)
    })
  })

  test('answers what has no route, where the application says so', async () => {
    await app.register(sse)
    app.setNotFoundHandler(async (_request, reply) => {
      const stream = await reply.sse()
      stream.end()
    })
    app.get('/gone', (_request, reply) => {
      reply.callNotFound()
    })
    for (const path of ['/nowhere', '/gone']) {
      const { headers, ended } = await collect(app, path)
      expect([headers['content-type'], ended]).toEqual(['text/event-stream', true])
    }
  })

  test('a preHandler may open the stream', async () => {
    await app.register(sse)
    const preHandler = async (_request: FastifyRequest, reply: FastifyReply) => {
      const stream = await reply.sse()
      stream.end()
    }
    app.get('/', { preHandler }, async () => 'never')
    expect((await collect(app, '/')).events.map(({ event }) => event)).toEqual(['$end'])
  })

  test('schemas and serializers of the route are for other answers', async () => {
    await app.register(sse)
    const schema = { response: { 200: { type: 'object', properties: { ok: { type: 'boolean' } } } } }
    app.setReplySerializer((payload) => JSON.stringify({ serialized: payload }))
    app.get('/', { schema }, (_request, reply) => reply.sse((stream) => void stream.send({ data: { n: 1 } })))
    app.get('/json', { schema }, async () => ({ ok: true }))
    expect((await collect(app, '/')).events[0]?.data).toBe('{"n":1}')
    expect((await collect(app, '/json')).raw.toString()).toBe('{"serialized":{"ok":true}}')
  })

  test('inject gets a finite stream whole, and sees its errors as ends', async () => {
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse((stream) => stream.pipe(['one', 'two'])))
    app.get('/failing', async (_request, reply) => {
      const stream = await reply.sse()
      stream.send({ data: 'one' })
      throw new Error('failed')
    })
    expect((await app.inject('/')).payload).toMatch(/^retry: \d+\n\ndata: one\n\ndata: two\n\nid: \.end\n/)
    expect((await app.inject('/failing')).payload).toMatch(/^retry: \d+\n\ndata: one\n\n$/)
    expect((await app.inject({ method: 'HEAD', url: '/' })).payload).toBe('')
  })
})
