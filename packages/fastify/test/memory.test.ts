import { sse } from '@rivulet/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { kept } from '../../../test/support/garbage.ts'
import { majors } from './support/application.ts'

const opened: FastifyInstance[] = []
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
})

describe.each(majors)('%s', (_name, _major, fastify) => {
  // With a logger or an `onResponse` hook Fastify itself keeps it until the response has ended.
  test('an open stream does not keep the request', async () => {
    const app = fastify()
    opened.push(app)
    await app.register(sse)
    const requests: WeakRef<FastifyRequest>[] = []
    app.get('/', async (request, reply) => {
      requests.push(new WeakRef(request))
      const stream = await reply.sse()
      stream.send({ data: 'open' })
    })
    const answer = await fetch(await app.listen({ port: 0, host: '127.0.0.1' }))
    expect(requests).toHaveLength(1)
    expect(await kept(requests)).toEqual([])
    expect(app.sse.streams.size).toBe(1)
    await answer.body?.cancel()
  })
})
