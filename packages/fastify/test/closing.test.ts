import dns from 'node:dns'
import { once } from 'node:events'
import { Agent, get, type RequestOptions, request } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { sse } from '@rivulet/fastify'
import { collect } from '@rivulet/testing'
import type { FastifyInstance } from 'fastify'
import { logged, majors } from './support/application.ts'

describe.each(majors)('%s: fastify.close()', (_name, _major, fastify) => {
  let app: FastifyInstance

  beforeEach(() => {
    ;({ app } = logged(fastify))
  })

  afterEach(() => app.close())

  const address = (instance: FastifyInstance) => instance.server.address() as AddressInfo // it listens on a port

  const hold = (instance: FastifyInstance) =>
    instance.get('/', async (_request, reply) => {
      const stream = await reply.sse()
      stream.send({ data: 'one' })
    })

  test('ends open streams, tells their clients when to come back, and resolves', async () => {
    await app.register(sse)
    hold(app)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const agent = new Agent({ keepAlive: true })
    const clients = Array.from({ length: 3 }, async () => {
      const [response] = await once(get({ port: address(app).port, agent }), 'response')
      let text = ''
      for await (const chunk of response) {
        text += chunk
        if (text.includes('data: one') && app.sse.streams.size === 3) void app.close()
      }
      return text
    })
    for (const text of await Promise.all(clients)) expect(text).toMatch(/data: one\n\nretry: \d+\n\n$/)
    await app.close()
    expect(app.sse.streams.size).toBe(0)
    agent.destroy()
  })

  test('does not wait for connections that are kept alive', async () => {
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse((stream) => void stream.send({ data: 'one' })))
    await app.listen({ port: 0, host: '127.0.0.1' })
    const agent = new Agent({ keepAlive: true })
    const [response] = await once(request({ port: address(app).port, agent }).end(), 'response')
    response.resume()
    await once(response, 'end')
    await app.close()
    agent.destroy()
  })

  test('ends streams of HTTP/2', async () => {
    const instance = fastify({ http2: true }) as unknown as FastifyInstance // its server is all that differs
    await instance.register(sse)
    hold(instance)
    await instance.listen({ port: 0, host: '127.0.0.1' })
    const session = connect(`http://127.0.0.1:${address(instance).port}`)
    const stream = session.request({ ':path': '/' })
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) {
      text += chunk
      if (text.includes('data: one')) void instance.close()
    }
    expect(text).toMatch(/data: one\n\nretry: \d+\n\n$/)
    await instance.close()
    expect(instance.sse.streams.size).toBe(0)
  })

  test('refuses softly what comes meanwhile', async () => {
    await app.register(sse)
    const reasons: unknown[] = []
    app.addHook('onSend', async () => {
      await app.sse.close()
    })
    app.get('/', async (_request, reply) => {
      reasons.push((await reply.sse()).closed)
    })
    const { status, raw } = await collect(app, '/')
    expect([status, reasons]).toEqual([200, ['shutdown']])
    expect(raw.toString()).toMatch(/^retry: \d+\n\n$/)
  })

  describe('with a grace time', () => {
    const clientCount = 8
    const graceMs = 1_000

    /** Opens streams and gives, for each, what it was sent and when it was hung up. */
    async function openAll(
      instance: FastifyInstance,
    ): Promise<{ ended: Promise<{ text: string; at: number }> }[]> {
      const agent = new Agent({ keepAlive: true })
      return Promise.all(
        Array.from({ length: clientCount }, async () => {
          const [response] = await once(get({ port: address(instance).port, agent }), 'response')
          await once(response, 'readable')
          const read = async () => {
            let text = ''
            for await (const chunk of response) text += chunk
            return { text, at: performance.now() }
          }
          return { ended: read() }
        }),
      )
    }

    async function ask(
      path: string,
      headers: Record<string, string>,
      options: RequestOptions = {},
    ): Promise<[status: number, body: string]> {
      const asked = request({ port: address(app).port, path, headers, agent: false, ...options }).end()
      const [response] = await once(asked, 'response')
      let body = response.headers['access-control-allow-origin'] ?? ''
      for await (const chunk of response) body += chunk
      return [response.statusCode, body]
    }

    /** Closes while there are streams. @returns what lets it come to its end */
    async function beginToClose(host = '127.0.0.1'): Promise<() => Promise<void>> {
      await app.register(sse, { close: { graceMs: 9_000, retryMs: [7_000, 7_000] } })
      app.addHook(
        'onRequest',
        async (_request, reply) => void reply.header('access-control-allow-origin', '*'),
      )
      hold(app)
      app.post('/calls', async () => 'done')
      await app.listen({ port: 0, host })
      const clients = await openAll(app)
      const closed = app.close()
      return async () => {
        // Nobody has to wait for it.
        app.sse.closeWhere(() => true)
        await Promise.all(clients.map(({ ended }) => ended))
        await closed
      }
    }

    test('hangs up over the grace time, each client with a time of its own to come back', async () => {
      await app.register(sse, { close: { graceMs, retryMs: [7_000, 9_000] } })
      hold(app)
      await app.listen({ port: 0, host: '127.0.0.1' })
      const clients = await openAll(app)
      const since = performance.now()
      const closed = app.close()
      const ends = await Promise.all(clients.map(({ ended }) => ended))
      const times = ends.map(({ at }) => at - since).sort((a, b) => a - b)
      // One after the other: the median is neither at the beginning nor at the end.
      expect(times[clientCount / 2]).toBeGreaterThan(graceMs / 5)
      expect(times.at(-1)).toBeGreaterThan(graceMs / 2)
      const retries = ends.map(({ text }) => Number(/retry: (\d+)\n\n$/.exec(text)?.[1]))
      for (const retry of retries) expect(retry).toBeGreaterThanOrEqual(7_000)
      for (const retry of retries) expect(retry).toBeLessThanOrEqual(9_000)
      expect(new Set(retries).size).toBeGreaterThan(1)
      await closed
    })

    test('is refused where Fastify would not wait for it', async () => {
      const register = (pluginTimeout: number, graceMs: number) => {
        ;({ app } = logged(fastify, { pluginTimeout }))
        return app.register(sse, { close: { graceMs } })
      }
      const tooLong = {
        code: 'ERR_SSE_OPTION',
        message: expect.stringContaining('pluginTimeout: 11000'),
        value: 10_000,
      }
      await expect(register(10_000, 10_000)).rejects.toMatchObject(tooLong)
      await register(11_000, 10_000)
      await register(0, 60_000)
    })

    test('refuses streams softly meanwhile; everything else gets what Fastify answers', async () => {
      await app.register(sse, { close: { graceMs: 9_000, retryMs: [7_000, 7_000] } })
      hold(app)
      app.get('/plain', async () => 'plain')
      await app.listen({ port: 0, host: '127.0.0.1' })
      const clients = await openAll(app)
      const closed = app.close()
      const asEventSource = await ask('/', { accept: 'text/event-stream' })
      const other = await ask('/plain', {})
      expect(asEventSource).toEqual([200, 'retry: 7000\n\n'])
      expect(other).toEqual([503, expect.stringContaining('Service Unavailable')])
      // Nobody has to wait for it.
      app.sse.closeWhere(() => true)
      await Promise.all(clients.map(({ ended }) => ended))
      await closed
      expect(app.server.listening).toBe(false)
    })

    test('what sends something is not told that it was done', async () => {
      const finish = await beginToClose()
      const accept = 'application/json, text/event-stream'
      const [status] = await ask('/calls', { accept }, { method: 'POST' })
      await finish()
      expect(status).toBe(503)
    })

    test('with return503OnClosing: false hooks run for what is refused', async () => {
      ;({ app } = logged(fastify, { return503OnClosing: false }))
      const finish = await beginToClose()
      const answer = await ask('/', { accept: 'text/event-stream' })
      await finish()
      expect(answer).toEqual([200, '*retry: 7000\n\n'])
    })

    test('refuses softly on every address of localhost', async () => {
      const { lookup } = dns
      const both = [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ]
      // Not every machine has both names; Fastify asks for all of them.
      const asked = jest.spyOn(dns, 'lookup').mockImplementation(((...args: Parameters<typeof lookup>) => {
        const [name, options, done] = args as unknown as [
          string,
          { all?: boolean },
          (...found: unknown[]) => void,
        ]
        if (name === 'localhost' && options.all === true) done(null, both)
        else lookup(...args)
      }) as typeof lookup)
      const finish = await beginToClose('localhost')
      asked.mockRestore()
      const answers = []
      for (const { address: host } of both)
        answers.push(await ask('/', { accept: 'text/event-stream' }, { host }))
      await finish()
      expect(answers).toEqual([
        [200, 'retry: 7000\n\n'],
        [200, 'retry: 7000\n\n'],
      ])
    })
  })
})
