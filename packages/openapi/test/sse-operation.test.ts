import { type DescribedEvents, type OperationObject, sseOperation } from '@rivulet/openapi'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { at, documentOf, faultsOf, itemsOf, payloadOf } from './support/documents.ts'

const withZod = {
  'order.created': z.object({ id: z.int(), total: z.number(), note: z.string().default('') }),
  'order.shipped': z.object({ id: z.int(), at: z.iso.datetime() }).meta({ description: 'It has left.' }),
}

const maps: [string, DescribedEvents][] = [
  ['zod', withZod],
  ['arktype', { 'order.created': type({ id: 'number.integer', 'note?': 'string' }) }],
  ['valibot', { 'order.created': toStandardJsonSchema(v.object({ id: v.pipe(v.number(), v.integer()) })) }],
  ['JSON Schema', { 'order.created': { type: 'object', properties: { id: { type: 'integer' } } } }],
]

describe.each(maps)('%s', (_name, events) => {
  test.each(['3.1', '3.2'] as const)('makes a valid document of OpenAPI %s', async (openapi) => {
    const document = documentOf(sseOperation(events, { openapi }), openapi)
    expect(await faultsOf(document)).toEqual([])
    const data = itemsOf(at(document, 'paths', '/orders', 'get') as OperationObject, openapi)[0]?.properties
      .data
    expect(data).toMatchObject({ type: 'string', contentMediaType: 'application/json' })
    expect(at(data, 'contentSchema', 'properties', 'id')).toMatchObject({ type: 'integer' })
  })
})

test('the validator finds what is wrong', async () => {
  const broken = documentOf(sseOperation({ tick: { $ref: '#/components/schemas/Tick' } }))
  expect(await faultsOf(broken)).not.toEqual([])
  expect(await faultsOf({ ...documentOf(sseOperation(withZod)), info: {} })).not.toEqual([])
})

test('describes what goes out: with defaults filled in', () => {
  expect(payloadOf(sseOperation(withZod), 'order.created').required).toEqual(['id', 'total', 'note'])
})

test('describes every field of each event and control event', () => {
  const items = itemsOf(sseOperation(withZod))
  expect(items.map(({ title }) => title)).toEqual([
    'order.created',
    'order.shipped',
    '$ready',
    '$gap',
    '$cursor',
    '$end',
  ])
  for (const { title, properties } of items) {
    expect(properties.event).toEqual({ type: 'string', const: title })
    expect(properties.data).toMatchObject({ type: 'string', contentMediaType: 'application/json' })
  }
  const requiring = (field: string) => items.filter(({ required }) => required.includes(field))
  expect(requiring('id').map(({ title }) => title)).toEqual(['$ready', '$cursor', '$end'])
  expect(items.find(({ title }) => title === '$gap')?.properties).not.toHaveProperty('id')
})

test('streams without a channel have $end alone, and ids and retry of their own', () => {
  const items = itemsOf(sseOperation(withZod, { direct: true }))
  expect(items.map(({ title }) => title)).toEqual(['order.created', 'order.shipped', '$end'])
  expect(items[0]?.properties.retry).toMatchObject({ type: 'integer', minimum: 0 })
})

test('what is called message has no event field on the wire', () => {
  const [message] = itemsOf(sseOperation({ message: z.string() }))
  expect(message?.required).toEqual(['data'])
})

test('says how to resume, and what may be answered beside a stream', () => {
  const { parameters, responses } = sseOperation(withZod)
  expect(parameters.map(({ in: place, name }) => `${place} ${name}`)).toEqual([
    'header Last-Event-ID',
    'query lastEventId',
  ])
  expect(Object.keys(responses)).toEqual(['200', '204', '406', '503'])
  expect(responses[503]?.headers).toHaveProperty('Retry-After')
})

test('takes responses and parameters beside its own, and leaves out what does not happen', async () => {
  const operation = sseOperation(withZod, {
    summary: 'Orders',
    description: 'As they come.',
    operationId: 'orders',
    tags: ['orders'],
    deprecated: true,
    security: [{ cookie: [] }],
    parameters: [{ name: 'shop', in: 'query', schema: { type: 'string' } }],
    responses: { 200: { description: 'Orders.' }, 401: { description: 'Log in.' }, 406: false },
  })
  expect(await faultsOf(documentOf(operation))).toEqual([])
  expect(Object.keys(operation.responses)).toEqual(['200', '204', '401', '503'])
  expect(operation.responses[200]).toMatchObject({ description: 'Orders.', content: {} })
  expect(operation).toMatchObject({ summary: 'Orders', tags: ['orders'], security: [{ cookie: [] }] })
  expect(operation.parameters.at(-1)?.name).toBe('shop')
})

test('descriptions come from the schema or the details, examples with them', async () => {
  const operation = sseOperation(withZod, {
    details: {
      'order.created': {
        description: 'There is one more.',
        examples: [{ id: 7, total: 1, note: '' }],
        deprecated: true,
      },
    },
  })
  const [created, shipped] = itemsOf(operation)
  expect(created).toMatchObject({ description: 'There is one more.', deprecated: true })
  expect(shipped?.description).toBe('It has left.')
  expect(payloadOf(operation, 'order.created').examples).toEqual([{ id: 7, total: 1, note: '' }])
  expect(await faultsOf(documentOf(operation))).toEqual([])
})

test('several maps share a stream; an event of two of them has either payload', async () => {
  const operation = sseOperation([
    { tick: z.number(), only: z.string() },
    { tick: z.string(), other: z.null() },
  ])
  expect(
    itemsOf(operation)
      .map(({ title }) => title)
      .slice(0, 3),
  ).toEqual(['tick', 'only', 'other'])
  expect(payloadOf(operation, 'tick')).toEqual({ anyOf: [{ type: 'number' }, { type: 'string' }] })
  expect(await faultsOf(documentOf(operation))).toEqual([])
})

test('the same map twice is described once', () => {
  const operation = sseOperation([withZod, withZod])
  expect(payloadOf(operation, 'order.created')).not.toHaveProperty('anyOf')
})

describe('refuses', () => {
  test.each([
    ['an option that there is not', () => sseOperation(withZod, { tag: 'x' } as object)],
    ['a version that there is not', () => sseOperation(withZod, { openapi: '3.0' } as object)],
    [
      'details of an event that there is not',
      () => sseOperation(withZod, { details: { gone: {} } } as object),
    ],
    ['a map without events', () => sseOperation({})],
    ['what is no map', () => sseOperation('orders' as unknown as DescribedEvents)],
  ])('%s', (_what, describe) => {
    expect(describe).toThrow(expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_OPTION' }))
  })

  test('event types that are reserved', () => {
    expect(() => sseOperation({ $gap: z.string() })).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_EVENT_RESERVED' }),
    )
  })
})
