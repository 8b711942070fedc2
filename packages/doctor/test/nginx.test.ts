import type { RequestListener } from 'node:http'
import { createChannel, createMemoryLog, createSse } from '@rivulet/core'
import { startNginx } from '../../../test/clients/harness/nginx.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { needs } from '../../../test/support/needs.ts'
import { diagnose, type Report } from '../src/index.ts'
import { checkOf, settings } from './support/look.ts'
import { afterwards, serve, ticking } from './support/serve.ts'

const nginx = needs('nginx')

/** Diagnoses an application behind an nginx whose location says `proxy`. */
async function through(
  proxy: string,
  listener: RequestListener,
  options: { waitMs?: number; isComparedDirectly?: boolean } = {},
): Promise<Report> {
  const { origin: direct, port } = await serve(listener)
  const { origin } = await startNginx(nginx.path, port, proxy)
  const { waitMs = 2_000, isComparedDirectly = false } = options
  return diagnose(`${origin}/`, { waitMs, ...(isComparedDirectly ? { direct } : {}) })
}

/** A Rivulet stream with a channel that is published to. */
function rivulet(heartbeatMs: number, publishMs: number): RequestListener {
  const sse = createSse({ heartbeatMs })
  const channel = createChannel('numbers', { log: createMemoryLog() })
  let n = 0
  const timer = setInterval(() => void channel.publish({ data: { n: n++ } }), publishMs)
  afterwards(async () => {
    clearInterval(timer)
    await sse.close()
  })
  return (request, response) => {
    sse.open(request, response).subscribe(channel)
  }
}

const http1 = 'proxy_http_version 1.1; proxy_set_header Connection "";'
const block = (n: number) => `id: ${n}\ndata: ${'x'.repeat(200)}\n\n`

nginx.describe('nginx that buffers', () => {
  test('an application that forgot X-Accel-Buffering', async () => {
    const report = await through('proxy_buffering on;', ticking(40, block))
    expect(report.verdict).toBe('problem')
    const buffering = checkOf(report, 'buffering')
    expect(buffering).toMatchObject({ verdict: 'problem', message: expect.stringMatching(/cut in two/) })
    expect(settings(buffering, 'nginx')).toContain('proxy_buffering off;')
    expect(settings(buffering, 'your application')).toContain('X-Accel-Buffering: no')
    expect(checkOf(report, 'accel-buffering').verdict).toBe('unknown')
  })

  test('events that carry their time', async () => {
    const stamped = (n: number) => `data: ${JSON.stringify({ n, at: Date.now(), text: 'x'.repeat(60) })}\n\n`
    const report = await through('proxy_buffering on;', ticking(40, stamped), { waitMs: 4_000 })
    expect(checkOf(report, 'buffering')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/came up to [\d.]+ m?s after the time that they carry/),
    })
  })

  test('a quiet stream: not even the head comes', async () => {
    const ignoring = 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'
    const report = await through(ignoring, rivulet(400, 60_000))
    expect(checkOf(report, 'head')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^No head in 2\.\d s, though HEAD is answered after .* held back/),
    })
    expect(settings(checkOf(report, 'head'), 'nginx')).toContain('no proxy_ignore_headers X-Accel-Buffering')
    expect(settings(checkOf(report, 'head'), 'your application')).toContain('flushHeaders')
    expect(report.stream).toBeNull()
  })

  test('proxy_ignore_headers X-Accel-Buffering with a busy stream', async () => {
    const ignoring = 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'
    const report = await through(ignoring, rivulet(10_000, 10), { waitMs: 4_000 })
    expect(checkOf(report, 'buffering')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/cut in two/),
    })
    expect(settings(checkOf(report, 'buffering'), 'nginx')).toContain('no proxy_ignore_headers')
  })

  test('an answer that ends comes at once in the end', async () => {
    const report = await through('', (request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      let n = 0
      const timer = setInterval(() => {
        n += 1
        response.write(`data: ${n}\n\n`)
        if (n < 15) return
        clearInterval(timer)
        response.end()
      }, 100)
      response.on('close', () => clearInterval(timer))
    })
    expect(checkOf(report, 'buffering')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^All 15 events came at once when the stream ended, 1\.\d s after/),
    })
  })

  test('compared with the application itself', async () => {
    const report = await through('', ticking(60, block), { isComparedDirectly: true, waitMs: 2_500 })
    expect(checkOf(report, 'buffering')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/later than directly from the application/),
    })
    expect(checkOf(report, 'accel-buffering')).toMatchObject({ verdict: 'warning' })
  })
})

nginx.describe('nginx that gives up', () => {
  test('proxy_read_timeout on a silent stream', async () => {
    const report = await through(
      `${http1} proxy_buffering off; proxy_read_timeout 2s;`,
      ticking(60_000, block),
      {
        waitMs: 6_000,
      },
    )
    const staying = checkOf(report, 'staying-open')
    expect(staying).toMatchObject({
      verdict: 'problem',
      message: 'Cut off after 2 s of silence: a time-out.',
    })
    expect(settings(staying, 'nginx')).toContain('proxy_read_timeout')
    expect(settings(staying, 'your application')).toContain('heartbeat')
    expect(report.stream).toMatchObject({ ending: 'cut' })
  })

  test('before the head came', async () => {
    const report = await through('proxy_read_timeout 1s;', () => undefined)
    expect(checkOf(report, 'status')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^504 after 1\.\d s: a proxy waited 1 s/),
    })
    expect(report.hops.map(({ name }) => name)).toContain('nginx')
  })

  test('without an application behind it', async () => {
    const { origin } = await startNginx(nginx.path, await freePort(), '')
    const report = await diagnose(origin, { waitMs: 1_000 })
    expect(checkOf(report, 'status').message).toMatch(/^502: A proxy reached no application/)
    expect(report.checks.map(({ id }) => id)).not.toContain('buffering')
  })
})

nginx.describe('nginx that changes things', () => {
  test('gzip for event streams, flushed', async () => {
    const gzip = `${http1} proxy_buffering off; gzip on; gzip_types text/event-stream; gzip_proxied any;`
    const report = await through(gzip, ticking(150, block))
    const compression = checkOf(report, 'compression')
    expect(compression).toMatchObject({ verdict: 'warning', message: 'Compressed (gzip).' })
    expect(settings(compression, 'nginx')).toContain('gzip')
    expect(checkOf(report, 'buffering').verdict).toBe('ok')
  })

  test('Last-Event-ID taken off before Rivulet', async () => {
    const report = await through('proxy_set_header Last-Event-ID "";', rivulet(10_000, 100))
    const resume = checkOf(report, 'resume')
    expect(resume).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^The header Last-Event-ID does not arrive: .* works in the query/),
    })
    expect(settings(resume, 'nginx')).toContain('proxy_set_header Last-Event-ID')
  })

  test('Last-Event-ID taken off before any other server', async () => {
    const report = await through(
      'proxy_buffering off; proxy_set_header Last-Event-ID "";',
      (request, response) => {
        const url = new URL(request.url ?? '/', 'http://localhost')
        const brought = request.headers['last-event-id'] ?? url.searchParams.get('lastEventId')
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        for (let n = brought === null ? 1 : Number(brought) + 1; n <= 5; n += 1)
          response.write(`id: ${n}\ndata: ${n}\n\n`)
      },
    )
    expect(checkOf(report, 'resume')).toMatchObject({
      verdict: 'problem',
      message:
        'The header Last-Event-ID does not arrive: "4" is unknown in the header and works in the query (?lastEventId=).',
    })
  })

  test('both ways of bringing an id taken away', async () => {
    const report = await through('proxy_set_header Last-Event-ID ""; set $args "";', rivulet(10_000, 100))
    expect(checkOf(report, 'resume')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^Neither the header Last-Event-ID nor/),
    })
  })

  test('proxy_hide_header', async () => {
    const report = await through('proxy_hide_header Cache-Control;', rivulet(10_000, 200))
    expect(checkOf(report, 'stripped-headers')).toMatchObject({
      verdict: 'warning',
      message: expect.stringMatching(/what arrives is none/),
    })
    expect(checkOf(report, 'caching').verdict).toBe('warning')
  })

  test('proxy_hide_header and expires, compared with the application itself', async () => {
    const listener = rivulet(10_000, 200)
    const report = await through('proxy_hide_header Cache-Control; expires 1h;', listener, {
      isComparedDirectly: true,
    })
    expect(checkOf(report, 'stripped-headers')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/cache-control \(sent: no-store, no-transform; arrives: max-age=3600\)/),
    })
    expect(checkOf(report, 'caching')).toMatchObject({ verdict: 'problem' })
  })
})
