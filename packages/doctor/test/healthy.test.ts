import type { AddressInfo } from 'node:net'
import { createChannel, type EventStream, sse as expressSse } from '@rivulet/express'
import { sse as fastifySse } from '@rivulet/fastify'
import express from 'express'
import fastify from 'fastify'
import { startNginx } from '../../../test/clients/harness/nginx.ts'
import { needs } from '../../../test/support/needs.ts'
import { diagnose, type Report } from '../src/index.ts'
import { checkOf, troubles } from './support/look.ts'
import { afterwards, serve } from './support/serve.ts'

/** What applications do with streams. */
const handlers = {
  /** A channel on which nothing happens. */
  quiet(stream: EventStream) {
    stream.subscribe(createChannel('quiet'))
  },
  /** A channel that is published to now and then. */
  channel(stream: EventStream) {
    const channel = createChannel('busy')
    stream.subscribe(channel)
    const timer = setInterval(() => void channel.publish({ event: 'tick', data: { now: Date.now() } }), 150)
    stream.onClose(() => clearInterval(timer))
  },
  /** A model's answer: small tokens in an irregular rhythm. */
  async tokens(stream: EventStream) {
    for (let n = 0; stream.closed === null; n += 1) {
      stream.send({ event: 'token', data: ` word${n % 7}` })
      await new Promise((resolve) => setTimeout(resolve, (n * 7) % 23))
    }
  },
  /** An answer that is finished soon. */
  async finite(stream: EventStream) {
    for (let n = 0; n < 20; n += 1) stream.send({ data: { n } })
    await new Promise((resolve) => setTimeout(resolve, 300))
    stream.end()
  },
}
const options = { heartbeatMs: 400, retryMs: 3_000 }

async function startExpress(): Promise<number> {
  const app = express()
  const events = expressSse(options)
  app.use(events)
  app.get('/:kind', (request, response) => {
    void handlers[request.params.kind as keyof typeof handlers](response.sse()) // we ask for those only
  })
  afterwards(() => events.close())
  return (await serve(app)).port
}

async function startFastify(): Promise<number> {
  const app = fastify()
  await app.register(fastifySse, options)
  app.get<{ Params: { kind: keyof typeof handlers } }>('/:kind', async (request, reply) => {
    void handlers[request.params.kind](await reply.sse())
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  afterwards(() => app.close())
  return (app.server.address() as AddressInfo).port // a TCP server's
}

const nginx = needs('nginx')
const servers = [
  ['Express', startExpress],
  ['Fastify', startFastify],
] as const
const kinds = ['quiet', 'channel', 'tokens', 'finite'] as const

/** Nothing to complain of, except that streams that go on for ever without ids cannot be resumed. */
function expectHealthy(report: Report, kind: (typeof kinds)[number]): void {
  expect([kind, ...troubles(report)]).toEqual([
    kind,
    ...(kind === 'tokens' ? ['warning ids: Events have no ids.'] : []),
  ])
  expect([kind, checkOf(report, 'buffering')]).toEqual([kind, expect.objectContaining({ verdict: 'ok' })])
  const resume = checkOf(report, 'resume').message
  if (kind === 'quiet' || kind === 'channel') expect(resume).toMatch(/^went on after Last-Event-ID/)
  if (kind === 'finite') {
    expect(resume).toMatch(/answered 204$/)
    expect(checkOf(report, 'staying-open').message).toMatch(/^finished with \$end/)
  }
  if (kind === 'quiet') expect(checkOf(report, 'heartbeat').verdict).toBe('ok')
}

/** The reports on every kind of stream, all watched at the same time. */
async function diagnoseAll(origin: string): Promise<(readonly [(typeof kinds)[number], Report])[]> {
  const of = async (kind: (typeof kinds)[number]) =>
    [kind, await diagnose(`${origin}/${kind}`, { waitMs: 1_500 })] as const
  return Promise.all(kinds.map(of))
}

const configurations = [
  ['as it comes', ''],
  ['with HTTP/1.1 and proxy_buffering off', 'proxy_http_version 1.1; proxy_buffering off;'],
] as const

describe.each(servers)('healthy streams of %s', (_name, start) => {
  test('directly', async () => {
    for (const [kind, report] of await diagnoseAll(`http://127.0.0.1:${await start()}`)) {
      expectHealthy(report, kind)
    }
  })

  nginx.describe('through nginx', () => {
    test.each(configurations)('%s', async (_configuration, proxy) => {
      const { origin } = await startNginx(nginx.path, await start(), proxy)
      for (const [kind, report] of await diagnoseAll(origin)) {
        expectHealthy(report, kind)
        expect(report.hops.map(({ name }) => name)).toContain('nginx')
      }
    })
  })
})

test('a stream at two addresses, both fine', async () => {
  const port = await startExpress()
  const report = await diagnose(`http://127.0.0.1:${port}/channel`, {
    waitMs: 1_500,
    direct: `http://localhost:${port}/channel`,
  })
  expect(troubles(report)).toEqual([])
  expect(checkOf(report, 'stripped-headers').verdict).toBe('ok')
})
