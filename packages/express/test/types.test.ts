import { createChannel, sse } from '@rivulet/express'
import { collect } from '@rivulet/testing'
import express, { type Request } from 'express'
import { z } from 'zod'

interface Ticks {
  tick: { now: number }
}

test('res.sse() is typed by types alone or by schemas, which it checks', async () => {
  const app = express()
  app.use(sse({ limits: { maxStreamsPerKey: 5, key: (request: Request) => request.ip } }))
  app.get('/types', (_request, response) => {
    const stream = response.sse<Ticks>()
    stream.send({ event: 'tick', data: { now: 1 } })
    stream.end()
  })
  app.get('/schemas', (_request, response) => {
    response.sse(
      (stream) => {
        stream.send({ event: 'tick', data: 'now' })
      },
      { events: { tick: z.string() } },
    )
  })
  const typed = await collect(app, '/types')
  expect(typed.events[0]?.json()).toEqual({ now: 1 })
  const checked = await collect(app, '/schemas')
  expect(checked.events[0]?.data).toBe('"now"')
})

/** What must not compile; never called. */
export function types(response: express.Response): void {
  // @ts-expect-error a payload of another type
  response.sse<Ticks>().send({ event: 'tick', data: 1 })
  // @ts-expect-error a payload of another type
  response.sse({ events: { tick: z.string() } }).send({ event: 'tick', data: 1 })
  // @ts-expect-error an event type that there is not
  response.sse((stream) => stream.send({ event: 'tock', data: '' }), { events: { tick: z.string() } })
  for (const stream of sse<Ticks>().streams) {
    // @ts-expect-error a payload of another type
    stream.send({ event: 'tick', data: 1 })
  }
  response.sse().subscribe(createChannel<Ticks>('ticks'))
}
