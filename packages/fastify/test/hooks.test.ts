import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import compress5 from '@fastify/compress'
import compress4 from '@fastify/compress-4'
import type { EventStream } from '@rivulet/core'
import { sse } from '@rivulet/fastify'
import { collect } from '@rivulet/testing'
import type { FastifyInstance, onSendHookHandler } from 'fastify'
import { type LogEntry, logged, Milestone, majors } from './support/application.ts'

const failure = new Error('the hook failed')

describe.each(majors)('%s', (_name, major, fastify) => {
  let app: FastifyInstance
  let log: LogEntry[]

  beforeEach(() => {
    ;({ app, log } = logged(fastify))
  })

  afterEach(() => app.close())

  test('opens the stream when the last onSend hook has run, with the status and headers as they are then', async () => {
    await app.register(sse)
    const order: string[] = []
    app.addHook('onSend', async (_request, reply) => {
      order.push('first hook')
      await new Promise((resolve) => setImmediate(resolve))
      reply.header('x-hook', 'first').header('set-cookie', 'a=1')
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      order.push('second hook')
      reply.header('set-cookie', 'b=2')
      done(null, payload)
    })
    const onSend: onSendHookHandler = (_request, reply, _payload, done) => {
      order.push('hook of the route')
      reply.code(203)
      done()
    }
    app.get('/', { onSend }, async (_request, reply) => {
      reply.header('set-cookie', 'c=3').raw.setHeader('x-raw', 'kept')
      const stream = await reply.sse()
      order.push('stream')
      stream.end()
    })
    const { status, headers } = await collect(app, '/')
    expect(order).toEqual(['first hook', 'second hook', 'hook of the route', 'stream'])
    expect(status).toBe(203)
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-hook': 'first',
      'x-raw': 'kept',
      'set-cookie': ['c=3', 'a=1', 'b=2'],
    })
  })

  test.each<[string, onSendHookHandler | (() => Promise<never>)]>([
    ['calls back with an error', (_request, _reply, _payload, done) => done(failure)],
    [
      'throws',
      () => {
        throw failure
      },
    ],
    ['rejects', () => Promise.reject(failure)],
    ['rejects later', () => new Promise((_resolve, reject) => setImmediate(reject, failure))],
  ])('a hook that %s is answered by Fastify once, and then reply.sse() rejects', async (_way, hook) => {
    await app.register(sse)
    const heard: unknown[] = []
    let calls = 0
    const onSend = (...args: Parameters<onSendHookHandler>) => {
      calls += 1
      return calls % 2 === 1 ? (hook as onSendHookHandler).call(app, ...args) : args[3]()
    }
    app.get('/awaited', { onSend }, async (_request, reply) => {
      try {
        await reply.sse()
      } catch (error) {
        heard.push(error, reply.sent)
        throw error
      }
    })
    app.get('/caught', { onSend }, async (_request, reply) => {
      await reply.sse().catch((error) => heard.push(error, reply.sent))
      return { too: 'late' }
    })
    app.get('/ignored', { onSend }, (_request, reply) => {
      void reply.sse(() => heard.push('never'))
    })
    for (const path of ['/awaited', '/caught', '/ignored']) {
      const { status, headers, raw, ended } = await collect(app, path)
      expect([status, headers['content-type'], ended]).toEqual([500, 'application/json; charset=utf-8', true])
      expect(JSON.parse(raw.toString())).toMatchObject({ statusCode: 500, message: failure.message })
    }
    expect(heard).toEqual([failure, true, failure, true])
    expect(log.map(({ err }) => err?.message)).toEqual([failure.message, failure.message, failure.message])
    expect(app.sse.streams.size).toBe(0)
  })

  test('an error handler that takes its time answers in peace', async () => {
    await app.register(sse)
    app.setErrorHandler(async (error, _request, reply) => {
      await new Promise((resolve) => setImmediate(resolve))
      return reply.code(502).send({ isOurs: error === failure })
    })
    let isFirst = true
    app.addHook('onSend', async () => {
      if (!isFirst) return
      isFirst = false
      throw failure
    })
    app.get('/', async (_request, reply) => {
      await reply.sse()
    })
    const { status, raw } = await collect(app, '/')
    expect([status, raw.toString()]).toEqual([502, '{"isOurs":true}'])
    expect(log).toEqual([])
  })

  test('bad options are answered by Fastify once, awaited or not', async () => {
    await app.register(sse)
    app.get('/awaited', async (_request, reply) => {
      await reply.sse({ heartbeatMs: -1 })
    })
    app.get('/ignored', (_request, reply) => {
      void reply.sse({ heartbeatMs: -1 })
    })
    for (const path of ['/awaited', '/ignored']) {
      const { status, raw } = await collect(app, path)
      expect([status, JSON.parse(raw.toString()).code]).toEqual([500, 'ERR_SSE_OPTION'])
    }
    expect(log).toHaveLength(2)
  })

  describe.each([
    ['before', true],
    ['after', false],
  ])('@fastify/compress, registered %s the plugin and forced upon streams', (_when, isBefore) => {
    test.each(['awaited', 'not awaited'])(
      'compresses nothing and holds nothing back (%s)',
      async (awaited) => {
        const compress = (major === 4 ? compress4 : compress5) as typeof compress5
        const registerCompress = () =>
          app.register(compress, { global: true, threshold: 0, customTypes: /./ })
        const registrations = [() => app.register(sse), registerCompress]
        if (isBefore) registrations.reverse()
        for (const register of registrations) {
          const registered = register()
          if (awaited === 'awaited') await registered
        }
        app.get('/', async (_request, reply) => {
          const stream = await reply.sse()
          stream.send({ data: 'first' })
        })
        const { headers, events } = await collect(app, '/', {
          count: 1,
          headers: { 'accept-encoding': 'gzip' },
        })
        expect(headers['content-encoding']).toBeUndefined()
        expect(events.map(({ data }) => data)).toEqual(['first'])
        expect(log).toEqual([])
      },
    )
  })

  test.each(['none', 'one'])(
    'within an onError hook there is no stream, with %s of onSend',
    async (onSendHooks) => {
      await app.register(sse)
      const outcomes: unknown[] = []
      if (onSendHooks === 'one') app.addHook('onSend', async () => {})
      app.addHook('onError', async (_request, reply) => {
        outcomes.push(await reply.sse().catch((error) => error.code))
      })
      app.get('/', async () => {
        throw failure
      })
      const { status, raw } = await collect(app, '/')
      expect(outcomes).toEqual(['FST_ERR_SEND_INSIDE_ONERR'])
      expect(status).toBe(500)
      expect(raw.toString()).toContain(failure.message)
    },
  )

  test('a client that leaves while the hooks run gets a closed stream', async () => {
    await app.register(sse)
    const waiting = new Milestone<() => void>()
    const opened = new Milestone<EventStream>()
    app.addHook('onSend', (_request, _reply, _payload, done) => waiting.reach(done))
    app.get('/', async (_request, reply) => {
      opened.reach(await reply.sse())
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const client = get({ port: (app.server.address() as AddressInfo).port })
    client.on('error', () => {})
    const done = await waiting.reached
    client.destroy()
    expect((await opened.reached).closed).toBe('client')
    done()
    expect(log).toEqual([])
  })

  test('a client that has left before gets a closed stream', async () => {
    await app.register(sse)
    const arrived = new Milestone()
    const opened = new Milestone<EventStream>()
    app.get('/', async (_request, reply) => {
      const left = new Promise((resolve) => reply.raw.once('close', resolve))
      arrived.reach()
      await left
      opened.reach(await reply.sse())
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const client = get({ port: (app.server.address() as AddressInfo).port })
    client.on('error', () => {})
    await arrived.reached
    client.destroy()
    expect((await opened.reached).closed).toBe('client')
    expect(log).toEqual([])
  })

  test('a handler may return without waiting for its stream', async () => {
    await app.register(sse)
    let sends = 0
    app.addHook('onSend', async () => {
      sends += 1
      await new Promise((resolve) => setImmediate(resolve))
    })
    app.get('/', async (_request, reply) => {
      void reply.sse((stream) => void stream.send({ data: 'one' }))
    })
    const { events } = await collect(app, '/')
    expect(events.map(({ event }) => event)).toEqual(['message', '$end'])
    expect(sends).toBe(1)
  })

  test('a second call rejects, whether the first has ended or not', async () => {
    await app.register(sse)
    app.addHook('onSend', async () => {})
    const codes: unknown[] = []
    const note = (error: unknown) => codes.push(Reflect.get(Object(error), 'code'))
    app.get('/', async (_request, reply) => {
      const first = reply.sse()
      await reply.sse().catch(note)
      const stream = await first
      await reply.sse().catch(note)
      stream.end()
      await reply.sse().catch(note)
    })
    const { ended } = await collect(app, '/')
    expect(ended).toBe(true)
    expect(codes).toEqual(['ERR_SSE_ALREADY_OPEN', 'ERR_SSE_ALREADY_OPEN', 'ERR_SSE_ALREADY_OPEN'])
    expect(log).toEqual([])
  })

  test('after an answer it rejects and the answer stays', async () => {
    await app.register(sse)
    const codes: unknown[] = []
    app.get('/', async (_request, reply) => {
      await reply.send({ answered: true })
      await reply.sse().catch((error) => codes.push(error.code))
      return reply
    })
    const { raw } = await collect(app, '/')
    expect([raw.toString(), codes]).toEqual(['{"answered":true}', ['ERR_SSE_HEADERS_SENT']])
  })

  test('a hijacked reply becomes a stream without hooks', async () => {
    await app.register(sse)
    app.addHook('onSend', async () => {
      throw failure
    })
    app.get('/', async (_request, reply) => {
      reply.header('x-own', 'kept').hijack()
      const stream = await reply.sse()
      stream.end()
    })
    const { status, headers } = await collect(app, '/')
    expect([status, headers['x-own']]).toEqual([200, 'kept'])
  })

  test("Fastify's onResponse comes when the stream is over", async () => {
    await app.register(sse)
    const over = new Milestone<number>()
    app.addHook('onResponse', async () => over.reach(app.sse.streams.size))
    app.get('/', async (_request, reply) => {
      const stream = await reply.sse()
      stream.end()
      return stream
    })
    await collect(app, '/')
    expect(await over.reached).toBe(0)
  })
})
