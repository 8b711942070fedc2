import { once } from 'node:events'
import { sse as expressSse } from '@rivulet/express'
import { sse as fastifySse } from '@rivulet/fastify'
import { collect } from '@rivulet/testing'
import express from 'express'
import express4 from 'express-4'
import fastify, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify-4'

describe.each([
  ['Express 4', () => express4() as unknown as express.Express],
  ['Express 5', () => express()],
])('collect from %s', (_name, create) => {
  test('takes an app, as often as one likes', async () => {
    const app = create()
    app.use(expressSse())
    app.get('/events', (_request, response) => {
      const stream = response.sse()
      const timer = setInterval(() => stream.send({ event: 'tick', data: { now: Date.now() } }), 1)
      stream.onClose(() => clearInterval(timer))
    })
    for (const count of [1, 3]) {
      const { events, status, problems } = await collect(app, '/events', { count })
      expect({ status, problems }).toEqual({ status: 200, problems: [] })
      expect(events).toHaveLength(count)
      expect(events[0]).toMatchObject({ event: 'tick', data: expect.stringMatching(/^\{"now":\d+\}$/) })
    }
    expect((await collect(app, '/nothing')).status).toBe(404)
  })
})

describe.each([
  ['Fastify 4', () => fastify4() as unknown as FastifyInstance],
  ['Fastify 5', (): FastifyInstance => fastify()],
])('collect from %s', (_name, create) => {
  test('takes an instance that does not listen, as often as one likes, and leaves it usable', async () => {
    const app = create()
    let closeCount = 0
    void app.register(fastifySse)
    app.get('/events', async (_request, reply) => {
      const stream = await reply.sse()
      stream.onClose(() => {
        closeCount += 1
      })
      for (let n = 1; n <= 10; n += 1) stream.send({ id: n, data: n })
    })
    for (const count of [1, 3]) {
      const { events, status, lastEventId } = await collect(app, '/events', { count })
      expect(status).toBe(200)
      expect(events).toHaveLength(count)
      expect(lastEventId).toBe(String(count))
    }
    expect(closeCount).toBe(2)
    expect((await app.inject('/nothing')).statusCode).toBe(404)
    await app.close()
  })

  test('takes an instance that listens, and leaves it listening', async () => {
    const app = create()
    await app.register(fastifySse)
    app.get('/events', (_request, reply) => {
      void reply.sse(async (stream) => {
        stream.send({ data: 1 })
        await once(stream.signal, 'abort')
      })
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    expect((await collect(app, '/events', { count: 1 })).events).toHaveLength(1)
    expect(app.server.listening).toBe(true)
    await app.close()
  })
})
