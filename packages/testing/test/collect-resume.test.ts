import type { RequestListener } from 'node:http'
import { createChannel, createSse } from '@rivulet/core'
import { collect } from '@rivulet/testing'

const events = createSse()
const orders = createChannel('orders')
const app: RequestListener = (request, response) => {
  events.open(request, response).subscribe(orders)
}

afterAll(() => orders.close())

test('a stream resumes where the last collection stopped', async () => {
  const collecting = collect(app, '/', { count: 2 })
  while (orders.subscriberCount === 0) await new Promise(setImmediate)
  for (const id of [1, 2, 3]) await orders.publish({ event: 'order.created', data: { id } })
  const first = await collecting
  expect(first.events.map(({ event }) => event)).toEqual(['$ready', 'order.created', 'order.created'])

  const second = await collect(app, '/', { lastEventId: first.lastEventId, count: 1 })
  expect(second.events.map(({ event }) => event)).toEqual(['$ready', 'order.created'])
  expect(second.events[0]?.isControl()).toBe(true)
  expect(second.events[1]?.json()).toEqual({ id: 3 })
})

test('what is published while nobody is connected comes first when one comes back', async () => {
  const first = await collect(app, '/', { until: ({ event }) => event === '$ready' })
  await orders.publish({ event: 'order.created', data: { id: 4 } })
  const second = await collect(app, '/', { lastEventId: first.lastEventId, count: 1 })
  expect(second.events.map(({ event, data }) => [event, data])).toEqual([
    ['$ready', expect.stringContaining('"resumed":true')],
    ['order.created', '{"id":4}'],
  ])
})
