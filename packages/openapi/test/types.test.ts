import { fastifySchema, sseOperation } from '@rivulet/openapi'
import { type } from 'arktype'
import type { RouteShorthandOptions } from 'fastify'
import * as v from 'valibot'
import { z } from 'zod'

const events = { tick: z.object({ now: z.number().default(0) }), done: v.string(), at: type('number') }

test('the maps of channels are taken as they are', () => {
  const toJsonSchema = () => ({ type: 'string' })
  expect(Object.keys(sseOperation(events, { toJsonSchema }).responses)).toHaveLength(4)
})

/** What must not compile; never called. */
export function types(): RouteShorthandOptions {
  sseOperation(events, { details: { tick: { examples: [{ now: 1 }] }, done: { examples: ['text'] } } })
  // @ts-expect-error an event type that there is not
  sseOperation(events, { details: { tock: {} } })
  // @ts-expect-error an example of another type
  sseOperation(events, { details: { done: { examples: [5] } } })
  // @ts-expect-error what goes out has its defaults
  sseOperation(events, { details: { tick: { examples: [{}] } } })
  // @ts-expect-error an option that there is not
  sseOperation(events, { version: '3.1' })
  sseOperation([{ a: z.string() }, { b: { type: 'number' } }], { details: { a: {}, b: { examples: [1] } } })
  // @ts-expect-error an event type of none of the maps
  sseOperation([{ a: z.string() }, { b: z.string() }], { details: { c: {} } })
  // The route's own `schema`.
  return { schema: fastifySchema(events, { tags: ['ticks'], security: [{ cookie: [] }] }) }
}
