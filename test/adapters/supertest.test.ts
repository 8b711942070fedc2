import { type EventStream, sse } from '@rivulet/express'
import { sse as fastifySse } from '@rivulet/fastify'
import express from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import request from 'supertest'

const blocks = [
  'id: 1',
  'event: step',
  'data: {"done":1}',
  '',
  'id: 2',
  'event: step',
  'data: {"done":2}',
  '',
]

/** A stream that comes to its end, which is what supertest can wait for. */
function steps(stream: EventStream): void {
  stream.send({ id: 1, event: 'step', data: { done: 1 } })
  stream.send({ id: 2, event: 'step', data: { done: 2 } })
}

const createExpress4 = () => express4()
const createExpress5 = () => express()

describe.each([
  ['Express 4', createExpress4],
  ['Express 5', createExpress5],
])('%s under supertest', (_name, create) => {
  // The two majors' types differ in what is not used here.
  const app = create() as ReturnType<typeof createExpress5>
  app.use(sse())
  app.get('/steps', (_req, res) => {
    res.sse(steps)
  })

  test('a stream that ends is answered whole', async () => {
    const response = await request(app).get('/steps').expect(200).expect('Content-Type', 'text/event-stream')
    expect(response.text.split('\n').slice(2, -5)).toEqual(blocks)
    expect(response.text).toMatch(/^retry: \d+\n\n/)
    expect(response.text.endsWith('id: .end\nevent: $end\ndata: {}\n\n')).toBe(true)
  })

  test('HEAD is answered with the headers of the stream', async () => {
    const response = await request(app).head('/steps').expect(200).expect('Content-Type', 'text/event-stream')
    expect(response.text).toBeUndefined()
  })

  test('who asks again for a stream that is finished is told to stop', async () => {
    await request(app).get('/steps').set('Last-Event-ID', '.end').expect(204)
  })
})

test('Fastify under supertest answers a stream that ends', async () => {
  const app = fastify()
  await app.register(fastifySse)
  app.get('/steps', (_request, reply) => reply.sse(steps))
  await app.ready()
  const response = await request(app.server).get('/steps').expect(200)
  expect(response.text.split('\n').slice(2, -5)).toEqual(blocks)
  await app.close()
})
