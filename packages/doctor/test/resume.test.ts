import { request as ask, createServer, type RequestListener } from 'node:http'
import { createChannel, createMemoryLog, createSse } from '@rivulet/core'
import { diagnose } from '../src/index.ts'
import { checkOf, troubles } from './support/look.ts'
import { afterwards, listen, serve } from './support/serve.ts'

/** A server of numbered events that goes on after the id that `wanted` finds in the request; `null`: from the first. */
function numbered(
  wanted: (header: string | undefined, query: string | null) => number | null,
): RequestListener {
  return (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const header = request.headers['last-event-id']
    const after = wanted(header === undefined ? undefined : String(header), searchParams.get('lastEventId'))
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    for (let n = (after ?? 0) + 1; n <= 5; n += 1) response.write(`id: ${n}\ndata: ${n}\n\n`)
  }
}

const waitMs = 500

test('a server that resumes', async () => {
  const { origin } = await serve(numbered((header) => (header === undefined ? null : Number(header))))
  expect(checkOf(await diagnose(origin, { waitMs }), 'resume')).toMatchObject({
    verdict: 'ok',
    message: 'went on after Last-Event-ID "4"',
  })
})

test('a server that begins anew each time', async () => {
  const { origin } = await serve(numbered(() => null))
  expect(checkOf(await diagnose(origin, { waitMs }), 'resume')).toMatchObject({
    verdict: 'warning',
    message: 'A client that comes back with "4" is sent events again that it has.',
  })
})

test('a server whose header does not arrive, but whose query does', async () => {
  const { origin } = await serve(numbered((_header, query) => (query === null ? null : Number(query))))
  expect(checkOf(await diagnose(origin, { waitMs }), 'resume')).toMatchObject({ verdict: 'problem' })
})

test('a live server without history', async () => {
  let n = 0
  const { origin } = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const timer = setInterval(() => {
      n += 1
      response.write(`id: ${n}\ndata: ${n}\n\n`)
    }, 50)
    response.on('close', () => clearInterval(timer))
  })
  expect(checkOf(await diagnose(origin, { waitMs: 1_000 }), 'resume')).toMatchObject({
    verdict: 'warning',
    message: expect.stringMatching(/is not sent what followed it/),
  })
})

test('a server that fails when an id is brought', async () => {
  const { origin } = await serve((request, response) => {
    if (request.headers['last-event-id'] !== undefined) {
      response.writeHead(500).end()
      return
    }
    numbered(() => null)(request, response)
  })
  expect(checkOf(await diagnose(origin, { waitMs }), 'resume')).toMatchObject({
    verdict: 'problem',
    message: 'A request with Last-Event-ID "4" was answered 500.',
  })
})

test('a POST is sent once', async () => {
  const methods: string[] = []
  const { origin } = await serve((request, response) => {
    methods.push(`${request.method} ${request.headers['content-type']}`)
    numbered(() => null)(request, response)
  })
  const report = await diagnose(origin, { waitMs, body: '{"question":"why"}' })
  expect(methods).toEqual(['POST application/json'])
  expect(checkOf(report, 'resume')).toMatchObject({ verdict: 'unknown' })
})

test('several processes behind one address, each with events of its own', async () => {
  const ports = await Promise.all([startRivulet(), startRivulet()])
  let returnCount = 0
  const { origin } = await serve((request, response) => {
    const isReturning = request.headers['last-event-id'] !== undefined
    if (isReturning) returnCount += 1
    const { url: path, method, headers } = request
    const onward = ask({ port: ports[isReturning ? 1 : 0], path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    onward.end()
  })
  const report = await diagnose(origin, { waitMs: 1_000 })
  expect(returnCount).toBe(1)
  expect(checkOf(report, 'resume')).toMatchObject({
    verdict: 'problem',
    message: expect.stringMatching(/from another history: several processes answer/),
  })
  expect(troubles(report, ['problem'])).toHaveLength(1)
})

test('a history that is too short', async () => {
  const port = await startRivulet({ maxEvents: 1 }, 2)
  expect(checkOf(await diagnose(`http://127.0.0.1:${port}`, { waitMs: 1_000 }), 'resume')).toMatchObject({
    verdict: 'warning',
    message: expect.stringMatching(/is not kept any more/),
  })
})

/** A Rivulet server with a log of its own, as another process would have it. */
async function startRivulet(retention: { maxEvents?: number } = {}, everyMs = 100): Promise<number> {
  const sse = createSse()
  const channel = createChannel('numbers', { log: createMemoryLog(), retention })
  let n = 0
  const timer = setInterval(() => void channel.publish({ data: { n: n++ } }), everyMs)
  afterwards(async () => {
    clearInterval(timer)
    await sse.close()
  })
  const { port } = await listen(
    createServer((request, response) => {
      // However quickly a client comes back: what it had is behind what is kept by then. The memory log stores at once.
      const missed = request.headers['last-event-id'] === undefined ? 0 : (retention.maxEvents ?? 0) * 3
      for (let count = 0; count < missed; count += 1) void channel.publish({ data: { n: n++ } })
      sse.open(request, response).subscribe(channel)
    }),
  )
  return port
}
