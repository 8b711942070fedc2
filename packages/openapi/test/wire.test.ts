import { createChannel, createMemoryLog, sse } from '@rivulet/express'
import { type DescribedEvents, sseOperation } from '@rivulet/openapi'
import { type CollectedEvent, collect } from '@rivulet/testing'
import { Ajv2020 } from 'ajv/dist/2020.js'
import express from 'express'
import { z } from 'zod'
import { type EventItem, itemsOf } from './support/documents.ts'

const events = {
  'order.created': z.object({ id: z.int(), note: z.string().default('') }),
  message: z.string(),
}

/** Titles of the described events that an event of a real stream is one of; exactly one, if all is well. */
function titlesOf({ event, data, id }: CollectedEvent, described: readonly EventItem[]): string[] {
  // The validator looks at payloads only where they are no longer text.
  const ajv = new Ajv2020({ strict: false })
  const parsed = {
    ...(event !== 'message' && { event }),
    data: JSON.parse(data),
    ...(id !== undefined && { id }),
  }
  return described
    .filter((item) => {
      const data = item.properties.data?.contentSchema
      return ajv.validate({ ...item, properties: { ...item.properties, data } }, parsed)
    })
    .map(({ title }) => title)
}

async function describedAs(
  path: string,
  app: express.Express,
  described: readonly EventItem[],
  lastEventId = '',
): Promise<string[][]> {
  const stream = await collect(app, path, { ...(lastEventId !== '' && { lastEventId }) })
  return stream.events.map((event) => titlesOf(event, described))
}

function typed(map: DescribedEvents, direct = false): EventItem[] {
  return itemsOf(sseOperation(map, { direct }))
}

test("every event of a channel's stream is what the document says, and nothing else", async () => {
  const orders = createChannel('described orders', {
    events,
    log: createMemoryLog(),
    retention: { maxEvents: 3 },
  })
  const app = express().use(sse())
  app.get('/orders', (_request, response) => {
    response.sse().subscribe(orders, { from: 'start' })
  })
  const first = await orders.publish({ event: 'order.created', data: { id: 1 } })
  for (const id of [2, 3]) await orders.publish({ event: 'order.created', data: { id } })
  await orders.publish({ data: 'text' })
  await orders.end()
  const described = await describedAs('/orders', app, typed(events), first.id)
  expect(described).toEqual([['$gap'], ['$ready'], ['order.created'], ['message'], ['$end']])
})

test('every event of a stream without a channel is what the document says', async () => {
  const app = express().use(sse())
  app.get('/answer', (_request, response) => {
    const stream = response.sse({ events })
    stream.send({ data: 'text', id: 'mine', retry: 5 })
    stream.end()
  })
  expect(await describedAs('/answer', app, typed(events, true))).toEqual([['message'], ['$end']])
})

test('an event that is not described is told from those that are', async () => {
  const app = express().use(sse())
  app.get('/answer', (_request, response) => {
    const stream = response.sse()
    stream.send({ event: 'order.created', data: { id: 'one' } })
    stream.end()
  })
  expect(await describedAs('/answer', app, typed(events, true))).toEqual([[], ['$end']])
})
