import { type SseOptions, sse } from '@rivulet/fastify'
import { collect } from '@rivulet/testing'
import fastify, { type FastifyReply } from 'fastify'
import { z } from 'zod'

interface Ticks {
  tick: { now: number }
}

test('reply.sse() is typed by types alone or by schemas, which it checks', async () => {
  const app = fastify()
  await app.register(sse, { limits: { maxStreamsPerKey: 5, key: (request) => request.ip } })
  app.get('/types', async (_request, reply) => {
    const stream = await reply.sse<Ticks>()
    stream.send({ event: 'tick', data: { now: 1 } })
    stream.end()
  })
  app.get('/schemas', async (_request, reply) => {
    const stream = await reply.sse({ events: { tick: z.string() } })
    stream.send({ event: 'tick', data: 'now' })
    stream.end()
  })
  const typed = await collect(app, '/types')
  expect(typed.events[0]?.json()).toEqual({ now: 1 })
  const checked = await collect(app, '/schemas')
  expect(checked.events[0]?.data).toBe('"now"')
  await app.close()
})

/** What must not compile; never called. */
export async function types(reply: FastifyReply): Promise<void> {
  const typed = await reply.sse<Ticks>()
  // @ts-expect-error a payload of another type
  typed.send({ event: 'tick', data: 1 })
  const checked = await reply.sse({ events: { tick: z.string() } })
  // @ts-expect-error a payload of another type
  checked.send({ event: 'tick', data: 1 })
}

test.each([5, 'ip', null])('limits.key that is %p is refused when the plugin is registered', async (key) => {
  const app = fastify()
  const options = { limits: { maxStreamsPerKey: 1, key } } as unknown as SseOptions
  await expect(app.register(sse, options).then(() => {})).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
})
