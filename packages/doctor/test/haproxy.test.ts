import { createSse } from '@rivulet/core'
import { needs } from '../../../test/support/needs.ts'
import { diagnose } from '../src/index.ts'
import { startHaproxy } from './support/haproxy.ts'
import { checkOf, settings, troubles } from './support/look.ts'
import { afterwards, serve, ticking } from './support/serve.ts'

const haproxy = needs('haproxy')
const block = (n: number) => `id: ${n}\ndata: ${'x'.repeat(100)}\n\n`

haproxy.describe('HAProxy', () => {
  test('that compresses event streams holds events back', async () => {
    const { port } = await serve(ticking(200, block))
    const origin = await startHaproxy(
      haproxy.path,
      port,
      'compression algo gzip\ncompression type text/event-stream',
    )
    const report = await diagnose(origin, { waitMs: 4_000 })
    const compression = checkOf(report, 'compression')
    expect(compression).toMatchObject({ verdict: 'problem', message: expect.stringMatching(/cut in two/) })
    expect(settings(compression, 'HAProxy')).toContain('text/event-stream')
    expect(checkOf(report, 'buffering').verdict).toBe('ok')
  })

  test('that leaves Rivulet alone, whatever it compresses', async () => {
    const sse = createSse({ heartbeatMs: 300 })
    afterwards(() => sse.close())
    const { port } = await serve((request, response) => {
      sse.open(request, response)
    })
    const origin = await startHaproxy(
      haproxy.path,
      port,
      'compression algo gzip\ncompression type text/event-stream',
    )
    expect(troubles(await diagnose(origin, { waitMs: 1_000 }))).toEqual([])
  })

  test('with a time-out for silent servers', async () => {
    const { origin: direct, port } = await serve(ticking(60_000, block))
    const origin = await startHaproxy(haproxy.path, port, 'timeout server 2s')
    const staying = checkOf(await diagnose(origin, { waitMs: 6_000, direct }), 'staying-open')
    expect(staying).toMatchObject({
      verdict: 'problem',
      message: 'Cut off after 2 s of silence: a time-out. Directly from the application it stayed open.',
    })
    expect(settings(staying, 'HAProxy')).toContain('timeout server')
  })
})
