import swagger5 from '@fastify/swagger'
import swagger4 from '@fastify/swagger-4'
import { createChannel, createMemoryLog, sse } from '@rivulet/fastify'
import { type ComponentSchemas, type FastifySchemaOptions, fastifySchema } from '@rivulet/openapi'
import { collect } from '@rivulet/testing'
import fastify5, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify-4'
import { z } from 'zod'
import { at, faultsOf } from './support/documents.ts'

const Comment = z.object({
  text: z.string(),
  get replies() {
    return z.array(Comment)
  },
})
const events = { 'order.created': z.object({ id: z.int() }), 'comment.added': Comment }

const majors = [
  ['Fastify 5', fastify5, swagger5],
  // Older majors, in the types of the newer ones.
  ['Fastify 4', fastify4 as unknown as typeof fastify5, swagger4 as unknown as typeof swagger5],
] as const

interface Described {
  readonly app: FastifyInstance
  document(): object
}

let names = 0

/** An application with one described stream at `/orders`, which a client may be refused on. */
async function start(
  fastify: typeof fastify5,
  swagger: typeof swagger5,
  options: FastifySchemaOptions<typeof events> = {},
  ajv: object = {},
): Promise<Described> {
  const app = fastify({ ajv: { customOptions: ajv } })
  const schemas: ComponentSchemas = {}
  const document = { openapi: `${options.openapi ?? '3.1'}.0`, info: { title: 'Orders', version: '1.0.0' } }
  await app.register(swagger, { openapi: { ...document, components: { schemas } } })
  await app.register(sse, { negotiate: true, limits: { maxStreams: 1, onLimit: 'status' } })
  names += 1
  const orders = createChannel(`orders ${names}`, { events, log: createMemoryLog() })
  await orders.publish({ event: 'order.created', data: { id: 7 } })
  app.get('/orders', { schema: fastifySchema(events, { schemas, ...options }) }, async (_request, reply) => {
    const stream = await reply.sse()
    stream.subscribe(orders, { from: 'start' })
  })
  await app.ready()
  return { app, document: () => app.swagger() }
}

describe.each(majors)('%s', (_name, fastify, swagger) => {
  test.each(['3.1', '3.2'] as const)(
    '@fastify/swagger makes a valid document of OpenAPI %s',
    async (openapi) => {
      const { app, document } = await start(fastify, swagger, {
        openapi,
        summary: 'Orders',
        tags: ['orders'],
        responses: { 401: { description: 'Log in.' } },
      })
      expect(await faultsOf(document())).toEqual([])
      const operation = at(document(), 'paths', '/orders', 'get')
      expect(operation).toMatchObject({ summary: 'Orders', tags: ['orders'] })
      const parameters = at(operation, 'parameters') as { name: string; in: string }[] // as the specification says
      expect(parameters.map(({ in: place, name }) => `${place} ${name}`).sort()).toEqual([
        'header Last-Event-ID',
        'query lastEventId',
      ])
      expect(Object.keys(at(operation, 'responses') as object)).toEqual(['200', '204', '401', '406', '503'])
      expect(at(operation, 'responses', '503', 'headers')).toHaveProperty('Retry-After')
      const media = at(operation, 'responses', '200', 'content', 'text/event-stream')
      const item = openapi === '3.1' ? at(media, 'schema', 'items') : at(media, 'itemSchema')
      const titles = (at(item, 'oneOf') as { title: string }[]).map(({ title }) => title)
      expect(titles).toEqual(['order.created', 'comment.added', '$ready', '$gap', '$cursor', '$end'])
      expect(at(item, 'oneOf', 1, 'properties', 'data', 'contentSchema')).toEqual({
        $ref: '#/components/schemas/comment.added',
      })
      await app.close()
    },
  )

  test('streams, and is answered 406 and 503, as without a schema', async () => {
    const { app } = await start(fastify, swagger, {}, { strict: true })
    const stream = await collect(app, '/orders', { count: 1 })
    expect(stream.status).toBe(200)
    expect(stream.events.map(({ event }) => event)).toEqual(['$ready', 'order.created'])
    const refused = await app.inject({ url: '/orders', headers: { accept: 'text/html' } })
    expect([refused.statusCode, refused.body]).toEqual([406, expect.stringContaining('event stream')])
    const open = await fetch(`${await app.listen({ port: 0, host: '127.0.0.1' })}/orders`)
    const tooMany = await app.inject('/orders')
    expect([tooMany.statusCode, tooMany.body]).toEqual([503, expect.stringContaining('too many')])
    expect(tooMany.headers['retry-after']).toMatch(/^\d+$/)
    await open.body?.cancel()
    await app.close()
  })

  test.each([
    ['twice', '?lastEventId=a&lastEventId=b'],
    ['nested', '?lastEventId[x]=1'],
    ['unreadable', '?lastEventId=%00%ff'],
    ['too long', `?lastEventId=${'x'.repeat(5_000)}`],
    ['empty', '?lastEventId='],
    ['beside others', '?other=1'],
  ])('an id that comes %s is no reason to refuse a client', async (_how, query) => {
    const { app } = await start(fastify, swagger, {}, { coerceTypes: false, strict: true, allErrors: true })
    const stream = await collect(app, `/orders${query}`, { count: 0, lastEventId: 'no\u00e9 cursor' })
    expect(stream.status).toBe(200)
    await app.close()
  })

  test("goes past the application's own compilers where the route says so", async () => {
    const app = fastify()
    const refuse = () => {
      throw new Error('This is no schema of mine.')
    }
    app.setValidatorCompiler(refuse)
    app.setSerializerCompiler(refuse)
    await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform: refuse })
    await app.register(sse)
    app.get(
      '/ticks',
      {
        schema: fastifySchema({ tick: z.number() }),
        validatorCompiler: () => () => true,
        serializerCompiler: () => JSON.stringify,
        config: { swaggerTransform: false },
      },
      async (_request, reply) => {
        const stream = await reply.sse()
        stream.send({ event: 'tick', data: 1 })
        stream.end()
      },
    )
    await app.ready()
    expect(JSON.stringify(app.swagger())).toContain('"tick"')
    expect((await collect(app, '/ticks?lastEventId=x', { count: 1 })).events[0]?.event).toBe('tick')
    await app.close()
  })

  test('what is answered instead of a stream is sent as it is where no schema is told', async () => {
    const app = fastify()
    await app.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'Orders', version: '1.0.0' } },
    })
    const told = { 401: { description: 'Log in.' }, '5xx': { description: 'Broken.' } }
    const schema = fastifySchema({ tick: z.number() }, { responses: told })
    app.get('/refusing', { schema }, (_request, reply) => reply.code(401).send({ reason: 'no session' }))
    app.get('/throwing', { schema }, async () => {
      throw new Error('no database')
    })
    await app.ready()
    expect((await app.inject('/refusing')).json()).toEqual({ reason: 'no session' })
    expect((await app.inject('/throwing')).json()).toMatchObject({ statusCode: 500, message: 'no database' })
    expect(at(app.swagger(), 'paths', '/refusing', 'get', 'responses', '401')).toEqual(told[401])
    await app.close()
  })

  test("checks the route's own query as ever", async () => {
    const { app, document } = await start(fastify, swagger, {
      querystring: { type: 'object', required: ['shop'], properties: { shop: { type: 'integer' } } },
      headers: { type: 'object', properties: { 'x-tenant': { type: 'string', minLength: 3 } } },
    })
    expect((await app.inject('/orders')).statusCode).toBe(400)
    expect((await app.inject({ url: '/orders?shop=1', headers: { 'x-tenant': 'a' } })).statusCode).toBe(400)
    expect((await collect(app, '/orders?shop=1&lastEventId=x', { count: 0 })).status).toBe(200)
    expect(await faultsOf(document())).toEqual([])
    await app.close()
  })
})

test('refuses an option that there is not', () => {
  expect(() => fastifySchema(events, { parameters: [] } as object)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_OPTION' }),
  )
})
