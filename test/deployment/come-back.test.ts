import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSse } from '@rivulet/core'
import { EventSource } from 'eventsource'
import { EventSource as UndiciEventSource } from 'undici'
import { launchChromium, openPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { until } from './harness/until.ts'

const chromium = needs('chromium')
jest.setTimeout(40_000)

/** A server that is full until `makeRoom`, and what came of each request for a stream. */
async function startFull() {
  const sse = createSse({ limits: { maxStreams: 1, retryMs: [300, 400] } })
  const answers: (string | null)[] = []
  const server = createServer((request, response) => {
    if (request.url !== '/stream') {
      response.setHeader('Content-Type', 'text/html')
      response.end('<link rel="icon" href="data:," />')
      return
    }
    const stream = sse.open(request, response)
    answers.push(stream.closed)
    stream.send({ data: 'welcome' })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP server's
  const first = new EventSource(`${origin}/stream`)
  await until(() => sse.streams.size === 1, 'the stream that fills it')
  const close = async () => {
    first.close()
    server.close()
    await sse.close()
    server.closeAllConnections()
  }
  return { origin, answers, makeRoom: () => first.close(), close }
}

type FullServer = Awaited<ReturnType<typeof startFull>>

/** Refused twice, then let in: the client came back each time by itself. */
async function comesBack(server: FullServer, received: () => Promise<string[]>): Promise<void> {
  await until(() => server.answers.filter((closed) => closed === 'limit').length >= 2, 'two refusals')
  expect(await received()).toEqual([])
  server.makeRoom()
  await until(async () => (await received()).includes('welcome'), 'the stream at last')
  expect(server.answers.at(-1)).toBe(null)
}

describe('a client that was refused over a limit comes back later, by itself', () => {
  test('eventsource 4', async () => {
    const server = await startFull()
    const received: string[] = []
    const source = new EventSource(`${server.origin}/stream`)
    source.addEventListener('message', ({ data }) => received.push(data))
    await comesBack(server, async () => received)
    source.close()
    await server.close()
  })

  test("undici's", async () => {
    const server = await startFull()
    const received: string[] = []
    const source = new UndiciEventSource(`${server.origin}/stream`)
    source.addEventListener('message', ({ data }) => received.push(String(data)))
    await comesBack(server, async () => received)
    source.close()
    await server.close()
  })

  chromium.test("Chromium's", async () => {
    const server = await startFull()
    const browser = await launchChromium(chromium.path)
    try {
      const { page } = await openPage(browser, server.origin)
      await page.evaluate(`
        window.received = []
        new EventSource('/stream').onmessage = ({ data }) => received.push(data)
      `)
      await comesBack(server, () => page.evaluate<string[]>('received'))
    } finally {
      await browser.close()
      await server.close()
    }
  })
})
