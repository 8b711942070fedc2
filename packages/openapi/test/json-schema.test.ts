import { type ComponentSchemas, type JsonSchema, sseOperation } from '@rivulet/openapi'
import { toJsonSchema } from '@valibot/to-json-schema'
import { scope } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { documentOf, faultsOf, payloadOf } from './support/documents.ts'

const refused = expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_JSON_SCHEMA' })

const Comment = z.object({
  text: z.string(),
  get replies() {
    return z.array(Comment)
  },
})

const Money = z.object({ amount: z.number(), currency: z.string() }).meta({ id: 'Money' })

describe('a schema that makes no JSON Schema', () => {
  const events = { tick: v.object({ now: v.number() }) }

  test('is refused, with what to do', () => {
    expect(() => sseOperation(events)).toThrow(refused)
    expect(() => sseOperation(events)).toThrow(/"tick": schemas of valibot .* toJsonSchema/)
  })

  test('goes through a given converter', async () => {
    const operation = sseOperation(events, {
      // The converter takes valibot's own schemas, and there are no others.
      toJsonSchema: (schema) => toJsonSchema(schema as typeof events.tick) as JsonSchema,
    })
    expect(payloadOf(operation, 'tick')).toMatchObject({ properties: { now: { type: 'number' } } })
    expect(await faultsOf(documentOf(operation))).toEqual([])
  })
})

test('what a library cannot say is refused with its reason, unless a converter says it', () => {
  const events = { tick: z.object({ at: z.date() }) }
  expect(() => sseOperation(events)).toThrow(refused)
  expect(() => sseOperation(events)).toThrow(/Date/)
  const operation = sseOperation(events, {
    toJsonSchema: (_schema, event) =>
      event === 'tick' ? { type: 'object', properties: { at: { format: 'date-time' } } } : undefined,
  })
  expect(payloadOf(operation, 'tick')).toMatchObject({ properties: { at: { format: 'date-time' } } })
})

test('a converter that leaves it to the schema is not asked twice', () => {
  const asked: string[] = []
  const operation = sseOperation(
    { tick: z.string(), tock: z.number() },
    { toJsonSchema: (_schema, event) => void asked.push(event) as undefined },
  )
  expect(asked).toEqual(['tick', 'tock'])
  expect(payloadOf(operation, 'tock')).toMatchObject({ type: 'number' })
})

describe('definitions', () => {
  const events = { paid: z.object({ price: Money, fee: Money }), refunded: z.object({ price: Money }) }

  test('are put in place', async () => {
    const operation = sseOperation(events)
    expect(JSON.stringify(operation)).not.toMatch(/\$(ref|defs)/)
    expect(payloadOf(operation, 'paid')).toMatchObject({
      properties: { fee: { type: 'object', properties: { amount: { type: 'number' } } } },
    })
  })

  test('are shared by name where there are components', async () => {
    const schemas: ComponentSchemas = {}
    const operation = sseOperation(events, { schemas })
    expect(Object.keys(schemas)).toEqual(['Money'])
    expect(payloadOf(operation, 'refunded')).toMatchObject({
      properties: { price: { $ref: '#/components/schemas/Money' } },
    })
    expect(await faultsOf(documentOf(operation, '3.1', schemas))).toEqual([])
  })

  test('of the same name that differ are kept apart, and what was there stays', async () => {
    const schemas: ComponentSchemas = { Money: { type: 'boolean' } }
    const renamed = { $ref: '#/$defs/Money', $defs: { Money: { type: 'integer' } } }
    const first = sseOperation({ ...events, tipped: renamed }, { schemas })
    const again = sseOperation(events, { schemas })
    expect(Object.keys(schemas)).toEqual(['Money', 'Money_2', 'Money_3'])
    expect(schemas.Money).toEqual({ type: 'boolean' })
    expect(payloadOf(first, 'tipped')).toEqual({ $ref: '#/components/schemas/Money_3' })
    expect(payloadOf(again, 'refunded')).toEqual(payloadOf(first, 'refunded'))
  })
})

describe('schemas that contain themselves', () => {
  const typebox = {
    $id: 'T0',
    type: 'object',
    properties: { replies: { type: 'array', items: { $ref: 'T0' } } },
  }
  const Thread = scope({ thread: { text: 'string', 'replies?': 'thread[]' } }).export().thread

  test.each<[string, Parameters<typeof sseOperation>[0], string[]]>([
    ['at the root', { 'comment.added': Comment }, ['comment.added']],
    ['inside', { 'comments!': z.array(Comment) }, ['comments_.__schema0']],
    ['by an id', { said: typebox }, ['said']],
    ['in arktype', { said: Thread }, ['said.intersection', 'said.intersection']],
  ])('%s', async (_where, events, names) => {
    const schemas: ComponentSchemas = {}
    const operation = sseOperation(events, { schemas })
    expect(Object.keys(schemas).map((name) => name.replace(/n\d+$/, 'n'))).toEqual(names)
    expect(await faultsOf(documentOf(operation, '3.1', schemas))).toEqual([])
    expect(JSON.stringify(schemas)).not.toMatch(/"\$(defs|id|schema)"/)
  })

  test.each([
    ['at the root', Comment],
    ['inside', z.array(Comment)],
    ['by an id', typebox],
  ])('are refused %s without components', (_where, schema) => {
    expect(() => sseOperation({ said: schema })).toThrow(refused)
    expect(() => sseOperation({ said: schema })).toThrow(/recursive.*option schemas/)
  })
})

test('a reference to nothing is refused', () => {
  expect(() => sseOperation({ tick: { $ref: '#/$defs/Gone' } })).toThrow(refused)
})

test("references to the document's own components are left alone", async () => {
  const schemas = { Tick: { type: 'number' } }
  const operation = sseOperation({ tick: { $ref: '#/components/schemas/Tick' } }, { schemas })
  expect(await faultsOf(documentOf(operation, '3.1', schemas))).toEqual([])
})

test('data that looks like schemas is left alone', () => {
  const schema = {
    type: 'object',
    properties: { $ref: { type: 'string' }, $id: { const: { $ref: '#/nowhere', $id: 'x' } } },
    examples: [{ $ref: '#/nowhere', $defs: 1 }],
  }
  expect(payloadOf(sseOperation({ tick: schema }), 'tick')).toEqual(schema)
})

test('what stands beside a reference still holds', () => {
  const schema = { $ref: '#/definitions/a~1b', maximum: 5, definitions: { 'a/b': { type: 'number' } } }
  expect(payloadOf(sseOperation({ tick: schema }), 'tick')).toEqual({
    allOf: [{ type: 'number' }],
    maximum: 5,
  })
})
