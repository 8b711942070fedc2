import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { EventStream } from '@rivulet/core'
import defaultExport, { sse } from '@rivulet/fastify'
import fastify, { type FastifyReply } from 'fastify'

/** Checked by the compiler: importing the package is all that it takes. */
async function open(reply: FastifyReply): Promise<EventStream[]> {
  const byOptions: EventStream = await reply.code(201).sse({ heartbeatMs: 1_000 })
  const byHandler: EventStream = await reply.sse(async (stream) => {
    stream.send({ data: { n: 1 } })
  })
  const byBoth = await reply.sse((stream) => stream.end(), { retryMs: 500 })
  // @ts-expect-error There is no such option.
  await reply.sse({ heartbeat: 1 })
  // @ts-expect-error A handler comes first.
  await reply.sse({ status: 200 }, () => {})
  return [byOptions, byHandler, byBoth]
}

async function program(): Promise<void> {
  const app = fastify()
  await app.register(sse)
  await app.register(sse, { retryMs: 500 })
  await app.register(defaultExport, { retryMs: false })
  // @ts-expect-error There is no such option.
  await app.register(sse, { retry: 500 })
  app.get('/', async (_request, reply) => {
    const stream = await reply.sse()
    stream.end()
  })
  app.get('/returned', (_request, reply) => reply.sse((stream) => stream.end()))
  app.get<{ Querystring: { q: string } }>('/typed', async (request, reply) => {
    const stream = await reply.sse()
    stream.send({ data: request.query.q })
    return stream
  })
  app.sse.closeWhere((stream) => stream.context === 'gone')
  // @ts-expect-error Sets are seen, not changed.
  app.sse.streams.clear()
  const http2 = fastify({ http2: true })
  await http2.register(sse)
  http2.get('/', async (_request, reply) => {
    await reply.sse()
  })
}

test('the types are those of Fastify 5', () => {
  expect([open, program]).toHaveLength(2)
})

test('the types are those of Fastify 4', () => {
  const project = join(__dirname, 'fastify-4', 'tsconfig.json')
  const compiler = require.resolve('typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '--noEmit', '--project', project], { encoding: 'utf8' })
}, 60_000)
