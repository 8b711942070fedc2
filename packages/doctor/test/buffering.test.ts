import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { diagnose } from '../src/index.ts'
import { diagnosed, streamHeaders } from './support/answer.ts'
import { checkOf } from './support/look.ts'
import { afterwards } from './support/serve.ts'

/** A server that writes at once and then every so often; `write` counts from 0. */
function writing(everyMs: number, write: (response: ServerResponse, n: number) => unknown): RequestListener {
  return (request, response) => {
    response.writeHead(200, streamHeaders)
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    let n = 0
    write(response, n)
    const timer = setInterval(() => {
      n += 1
      write(response, n)
    }, everyMs)
    response.on('close', () => clearInterval(timer))
  }
}

const stamped = (n: number, at: number) => `data: ${JSON.stringify({ n, at, text: 'x'.repeat(200) })}\n\n`

describe('what an application may do', () => {
  const fine: [string, RequestListener][] = [
    ['large events', writing(150, (response, n) => response.write(`data: ${n} ${'x'.repeat(6_000)}\n\n`))],
    [
      'several small events at a time',
      writing(300, (response, n) => response.write(`data: ${n}\n\n`.repeat(9))),
    ],
    [
      'one event in several writes',
      writing(100, (response) => {
        response.write('event: e\n')
        response.write('data: 1\n')
        response.write('\n')
      }),
    ],
    [
      'a history with its times, and then new events',
      writing(200, (response, n) => {
        const now = Date.now()
        const past =
          n === 0 ? Array.from({ length: 50 }, (_, index) => stamped(-index, now - 100 * (50 - index))) : []
        response.write([...past, stamped(n, now)].join(''))
      }),
    ],
    [
      'times in the future',
      writing(200, (response, n) => {
        response.write(stamped(n, Date.now() + 3_600_000 * (n % 3)))
        response.write(stamped(n, Date.now() + 60_000))
      }),
    ],
  ]
  test.each(fine)('%s', async (_name, listener) => {
    expect(checkOf(await diagnosed(listener, { waitMs: 1_500 }), 'buffering').verdict).toBe('ok')
  })
})

test('a doctor that was too busy to read does not blame others', async () => {
  const origin = await startElsewhere()
  const busy = setInterval(() => {
    const until = performance.now() + 700
    while (performance.now() < until);
  }, 1_500)
  afterwards(async () => clearInterval(busy))
  const report = await diagnose(origin, { waitMs: 5_000 })
  expect(checkOf(report, 'buffering')).toMatchObject({ verdict: 'ok' })
})

/** A server in a process of its own, whose events carry their time. */
async function startElsewhere(): Promise<string> {
  const program = `
    const { createServer } = require('node:http')
    const server = createServer((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      const timer = setInterval(() => response.write('data: {"at":' + Date.now() + '}\\n\\n'), 50)
      response.on('close', () => clearInterval(timer))
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  `
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  afterwards(async () => {
    child.kill()
    await once(child, 'exit')
  })
  const [port] = (await once(child.stdout, 'data')) as [Buffer] // its first line
  return `http://127.0.0.1:${String(port).trim()}/`
}

describe('what only a buffer does', () => {
  test('heartbeats in a heap', async () => {
    const heap = writing(400, (response, n) => response.write(':\n\n'.repeat(n === 0 ? 1 : 4)))
    expect(checkOf(await diagnosed(heap, { waitMs: 1_000 }), 'buffering')).toMatchObject({
      verdict: 'problem',
      message: '4 heartbeats came in one moment.',
    })
  })

  test('two heartbeats at once may be two timers', async () => {
    const heap = writing(400, (response, n) => response.write(':\n\n'.repeat(n === 0 ? 1 : 2)))
    expect(checkOf(await diagnosed(heap, { waitMs: 1_000 }), 'buffering')).toMatchObject({
      verdict: 'warning',
    })
  })

  test('events that waited, by their own times', async () => {
    const collected = writing(1_300, (response) => {
      const now = Date.now()
      response.write([1_200, 900, 600, 300, 0].map((age, n) => stamped(n, now - age)).join(''))
    })
    expect(checkOf(await diagnosed(collected, { waitMs: 4_500 }), 'buffering')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^\d+ events of \d+ came up to 1\.\d s after the time that they carry/),
    })
  })

  test('one event at different times on two connections', async () => {
    const collect = sharedBuffer(80, 900)
    expect(checkOf(await diagnosed(collect, { waitMs: 5_000 }), 'buffering')).toMatchObject({
      verdict: 'problem',
      message: expect.stringMatching(/^The same events reach two connections at different times/),
    })
  })
})

/** Publishes to all connections, each behind a buffer of its own that is let out whole when it is full. */
function sharedBuffer(everyMs: number, bufferBytes: number): RequestListener {
  const begun = Date.now()
  return (request, response) => {
    response.writeHead(200, streamHeaders)
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    response.flushHeaders()
    let kept = ''
    let last = Math.floor((Date.now() - begun) / everyMs)
    const timer = setInterval(() => {
      const number = Math.floor((Date.now() - begun) / everyMs)
      for (; last < number; last += 1) kept += `id: ${last}\ndata: ${'x'.repeat(30)}\n\n`
      if (kept.length < bufferBytes) return
      response.write(kept)
      kept = ''
    }, 10)
    response.on('close', () => clearInterval(timer))
  }
}
