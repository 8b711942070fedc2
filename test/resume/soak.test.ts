import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Channel, createChannel, createMemoryLog, createSse } from '@rivulet/core'
import { createHistory, type History } from '@rivulet/testing'
import { launchChromium, openPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { kinds, type SoakClient, startClient } from './harness/soak-clients.ts'
import { type SoakServer, serveExpress, serveFastify, serveNode } from './harness/soak-servers.ts'

const inCI = process.env.CI === 'true'
/** The full length in CI. */
const soakMs = Number(process.env.SOAK_MS ?? (inCI ? 60_000 : 3_000))
const soakClients = inCI ? 300 : 90
const herdClients = inCI ? 2_000 : 300

const chromium = needs('chromium')
const cleanUp: (() => unknown)[] = []

afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close()
})

function makeChannel(name: string): Channel {
  const channel = createChannel(name, { log: createMemoryLog() })
  cleanUp.push(() => channel.close())
  return channel
}

/** Publishes at a steady rate until it is stopped. */
function publishSteadily(history: History, channel: Channel, perSecond: number) {
  let count = 0
  const publish = () => {
    count += 1
    return history.publish(channel, { event: 'tick', data: { n: count } })
  }
  const timer = setInterval(() => void publish(), 1_000 / perSecond)
  return {
    /** @returns the payload of the last event */
    async stop() {
      clearInterval(timer)
      await publish()
      return JSON.stringify({ n: count })
    },
  }
}

/** Breaks some connections at random, again and again. */
function dropAtRandom(servers: readonly SoakServer[], everyMs: number, part: number) {
  let dropped = 0
  const timer = setInterval(() => {
    for (const { sockets } of servers) {
      for (const socket of sockets) {
        if (Math.random() >= part) continue
        dropped += 1
        socket.destroy()
      }
    }
  }, everyMs)
  return {
    get count() {
      return dropped
    },
    stop: () => clearInterval(timer),
  }
}

/** Looked at now and then: no event of ours tells that foreign clients have something. */
async function until(holds: () => boolean, what: () => string, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function missing(clients: readonly SoakClient[], last: string): string {
  const late = clients.filter(({ newest }) => newest !== last)
  return `${late.length} of ${clients.length} lack ${last}: ${late.map(({ record, newest }) => `${record.name} has ${newest}`).slice(0, 5)}`
}

test(
  `${soakClients} clients on Express and Fastify, dropped at random for ${soakMs} ms: exact for each`,
  async () => {
    const history = createHistory()
    const channel = makeChannel('soaked')
    const servers = [await serveExpress(channel), await serveFastify(channel)]
    cleanUp.push(...servers.map((server) => () => server.close()))
    const publishing = publishSteadily(history, channel, 50)
    const clients = Array.from({ length: soakClients }, (_each, index) => {
      const kind = kinds[index % kinds.length] ?? 'node:http'
      const url = servers[index % servers.length]?.url ?? ''
      const record = history.client(`${kind} ${index}`)
      return startClient(kind, url, record, (id) => record.connect(id).subscribe('soaked'))
    })
    const dropping = dropAtRandom(servers, 250, 0.1)
    await new Promise((resolve) => setTimeout(resolve, soakMs))
    dropping.stop()
    // One that has never been let in would begin behind the last event.
    await until(
      () => clients.every(({ record }) => record.lastEventId !== null),
      () => 'not everyone has begun',
    )
    const last = await publishing.stop()
    await until(
      () => clients.every(({ newest }) => newest === last),
      () => missing(clients, last),
    )
    for (const client of clients) client.close()
    expect(dropping.count).toBeGreaterThan(clients.length / 4)
    history.assertExact()
  },
  soakMs + 60_000,
)

test('a restarted server with the in-memory log: everyone is told, and gets all that is new', async () => {
  const history = createHistory()
  const before = makeChannel('restarted')
  const first = await serveNode(before)
  const port = Number(new URL(first.url).port)
  const clients = Array.from({ length: 30 }, (_each, index) => {
    const kind = kinds[index % kinds.length] ?? 'node:http'
    const record = history.client(`${kind} ${index}`)
    return startClient(kind, first.url, record, (id) => record.connect(id).subscribe('restarted'))
  })
  cleanUp.push(() => {
    for (const client of clients) client.close()
  })
  for (let n = 1; n <= 20; n += 1) await history.publish(before, { event: 'tick', data: { n } })
  await until(
    () => clients.every(({ record }) => record.lastEventId !== null),
    () => 'not everyone has begun',
  )
  await history.publish(before, { event: 'tick', data: { n: 21 } })
  await until(
    () => clients.every(({ newest }) => newest === '{"n":21}'),
    () => missing(clients, '{"n":21}'),
  )
  // Another process has another log, and knows nothing of this one's.
  await first.close()
  history.lost('restarted')
  const after = makeChannel('restarted')
  for (let n = 22; n <= 40; n += 1) await history.publish(after, { event: 'tick', data: { n } })
  const second = await serveNode(after, port)
  cleanUp.push(() => second.close())
  await until(
    () => clients.every(({ newest }) => newest === '{"n":40}'),
    () => missing(clients, '{"n":40}'),
  )
  history.assertExact()
  for (const { record } of clients) {
    const steps = record.connections.at(-1)?.steps ?? []
    const types = steps.flatMap((step) => (step.kind === 'block' ? [step.block.event] : []))
    expect(types).toEqual(['$gap', '$ready', ...Array.from({ length: 19 }, () => 'tick')])
  }
}, 60_000)

test(`${herdClients} clients that come back at once, each 500 events behind: exact for each`, async () => {
  const history = createHistory()
  const channel = makeChannel('herd')
  const server = await serveNode(channel, 0, { stallMs: false })
  cleanUp.push(() => server.close())
  const scout = history.client('scout')
  const first = scout.connect().subscribe('herd')
  const request = get(server.url, { agent: false })
  request.on('response', (response) => {
    response.on('error', () => {})
    response.on('data', (bytes: Buffer) => first.push(bytes))
  })
  await until(
    () => scout.lastEventId !== null,
    () => 'the scout has no cursor',
  )
  first.cut()
  request.on('error', () => {})
  request.destroy()
  for (let n = 1; n <= 500; n += 1) await history.publish(channel, { event: 'tick', data: { n } })
  const done = Array.from({ length: herdClients }, async (_each, index) => {
    const record = history.client(`client ${index}`)
    const begun = record.connect().subscribe('herd')
    const start = scout.connections[0]?.steps.find((step) => step.kind === 'block')
    if (start?.kind === 'block') begun.received(start.block)
    const connection = record.connect().subscribe('herd')
    const own = get(server.url, { agent: false, headers: { 'Last-Event-ID': record.lastEventId ?? '' } })
    own.on('error', () => {})
    const [opened] = await once(own, 'response')
    opened.on('error', () => {})
    await new Promise<void>((resolve) => {
      opened.on('data', (chunk: Buffer) => {
        connection.push(chunk)
        if (connection.steps.length >= 502) resolve()
      })
    })
    own.destroy()
  })
  await Promise.all(done)
  history.assertExact()
}, 300_000)

chromium.test(
  "Chromium's EventSource, dropped at random, with its own reconnect: exact",
  async () => {
    const history = createHistory()
    const channel = makeChannel('browsed')
    const events = createSse({ retryMs: 50 })
    const brought: (string | null)[] = []
    const sockets = new Set<{ destroy(): void }>()
    const server = createServer((request, response) => {
      if (request.url !== '/events') {
        response.setHeader('Content-Type', 'text/html')
        response.end('<!doctype html><title>EventSource</title><link rel="icon" href="data:,">')
        return
      }
      const stream = events.open(request, response)
      brought.push(stream.lastEventId)
      const { socket } = response
      if (socket !== null) {
        sockets.add(socket)
        stream.onClose(() => sockets.delete(socket))
      }
      // Which request this is: the page cannot see its own headers.
      stream.send({ event: 'nth', data: brought.length - 1 })
      stream.subscribe(channel)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // it listens on TCP
    const browser = await launchChromium(chromium.path)
    cleanUp.push(
      () => browser.close(),
      () => events.close(),
      () => {
        server.closeAllConnections()
        server.close()
      },
    )
    const { page } = await openPage(browser, `http://127.0.0.1:${port}/`)
    await page.evaluate(`(() => {
    window.came = []
    const source = new EventSource('/events')
    for (const type of ['nth', 'tick', '$ready', '$gap', '$cursor'])
      source.addEventListener(type, ({ data, lastEventId }) => window.came.push([type, data, lastEventId]))
  })()`)
    const publishing = publishSteadily(history, channel, 50)
    const dropping = setInterval(() => {
      for (const socket of sockets) socket.destroy()
    }, 400)
    await new Promise((resolve) => setTimeout(resolve, Math.min(soakMs, 20_000)))
    clearInterval(dropping)
    const last = await publishing.stop()
    await page.waitForFunction(`window.came.at(-1)?.[1] === ${JSON.stringify(last)}`)
    const came = await page.evaluate<[type: string, data: string, lastEventId: string][]>('window.came')
    const record = history.client('Chromium')
    let connection = record.connect(null)
    for (const [event, data, id] of came) {
      if (event === 'nth') connection = record.connect(brought[Number(data)] ?? null).subscribe('browsed')
      else connection.received({ event, data, ...(event === '$gap' ? {} : { id }) })
    }
    expect(record.connections.length).toBeGreaterThan(3)
    history.assertExact()
  },
  90_000,
)
