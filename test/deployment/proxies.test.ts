import { createChannel, createMemoryLog } from '@rivulet/core'
import { EventSource } from 'eventsource'
import { Agent, fetch } from 'undici'
import { launchChromium, openPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { startNode } from './harness/node.ts'
import { type ProxyName, startProxy } from './harness/proxy.ts'
import { type Protocol, protocols, StreamThrough } from './harness/stream-through.ts'
import { until } from './harness/until.ts'

jest.setTimeout(60_000)

const chromium = needs('chromium')
/** Short, so that those who were hung up are there again at once. */
const retryMs = [50, 100] as const

/** Two nodes with one log behind a proxy. */
async function startSite(name: ProxyName, path: string) {
  const channel = createChannel('news', { log: createMemoryLog() })
  const options = { retryMs: 100 }
  const nodes = [await startNode('one', channel, options), await startNode('two', channel, options)] as const
  const proxy = await startProxy(name, { path, upstreamPorts: [nodes[0].port, nodes[1].port] })
  const nodeOf = (which: string | undefined) => (which === 'one' ? nodes[0] : nodes[1])
  return { channel, nodes, proxy, nodeOf, options }
}

for (const name of ['nginx', 'haproxy', 'caddy'] as const) {
  const tool = needs(name)

  tool.describe(`through ${name}, as the guide has it`, () => {
    test.each<Protocol>(protocols)(
      '%s to the client: events arrive at once, and who leaves is gone for the server',
      async (protocol) => {
        const { channel, proxy, nodeOf } = await startSite(name, tool.path)
        const client = await StreamThrough.open(proxy.origin, protocol)
        // Each is published only when the one before has arrived: a buffer anywhere would be waited for in vain.
        for (let number = 1; number <= 20; number += 1) {
          await channel.publish({ data: `event ${number}` })
          await client.received(`event ${number}`)
        }
        expect(client.client.headers['content-type']).toBe('text/event-stream')
        expect(client.client.headers['content-encoding']).toBeUndefined()
        const [stream] = nodeOf(client.nodeName).streams
        client.client.leave()
        await until(() => stream?.closed === 'client', 'the server to notice')
      },
    )

    test.each<Protocol>(protocols)(
      '%s to the client: who was hung up by a node that drains comes back to the other, and misses nothing',
      async (protocol) => {
        const { channel, nodes, proxy, nodeOf } = await startSite(name, tool.path)
        const clients = await Promise.all(
          Array.from({ length: 10 }, () => StreamThrough.open(proxy.origin, protocol)),
        )
        await channel.publish({ data: 'before' })
        for (const client of clients) await client.received('before')
        const drained = nodeOf(clients[0]?.nodeName)
        const other = drained === nodes[0] ? nodes[1] : nodes[0]
        const drainedCount = drained.sse.streams.size
        expect(drainedCount).toBeGreaterThan(0)
        await Promise.all([drained.sse.close({ graceMs: 500, retryMs }), drained.stopListening()])
        await channel.publish({ data: 'meanwhile' })
        const hungUp = () => clients.filter(({ isHungUp }) => isHungUp)
        await until(() => hungUp().length === drainedCount, 'every hang-up to arrive')
        await Promise.all(hungUp().map((client) => client.comeBack()))
        expect(other.sse.streams.size).toBe(10)
        await channel.publish({ data: 'after' })
        for (const client of clients) {
          await client.received('after')
          expect(client.payloads).toEqual(['before', 'meanwhile', 'after'])
        }
      },
    )

    test('eventsource 4 over HTTP/1.1 comes back to the other node', async () => {
      const { channel, proxy, nodeOf } = await startSite(name, tool.path)
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
      let nodeName: string | null = null
      const source = new EventSource(`${proxy.origin}/news`, {
        fetch: async (url, init) => {
          // undici's own and the platform's differ in types alone.
          const response = await fetch(String(url), { ...(init as object), dispatcher })
          nodeName = response.headers.get('x-node')
          return response as unknown as Response
        },
      })
      const received: string[] = []
      source.addEventListener('message', ({ data }) => received.push(data))
      try {
        await untilReady(source)
        const first = nodeName
        await channel.publish({ data: 'before' })
        await until(() => received.includes('before'), 'the first event')
        const node = nodeOf(first ?? undefined)
        await Promise.all([node.sse.close({ retryMs }), node.stopListening()])
        await channel.publish({ data: 'after' })
        await until(() => received.includes('after'), 'the event after the drain')
        expect(received).toEqual(['before', 'after'])
        expect(nodeName).not.toBe(first)
      } finally {
        source.close()
        await dispatcher.destroy()
      }
    })

    chromium.test(
      'Chromium over HTTP/2 comes back to the other node, and outlives a time without any',
      async () => {
        const { channel, nodes, proxy, options } = await startSite(name, tool.path)
        const browser = await launchChromium(chromium.path)
        try {
          const { page } = await openPage(browser, proxy.origin, { ignoreHTTPSErrors: true })
          await page.evaluate(`
          window.received = []
          const source = new EventSource('/news')
          source.onmessage = ({ data }) => received.push(data)
        `)
          const received = () => page.evaluate<string[]>('received')
          const protocol = await page.evaluate<string>(
            `performance.getEntriesByType('navigation')[0].nextHopProtocol`,
          )
          expect(protocol).toBe('h2')
          const [one, two] = nodes
          await until(() => one.sse.streams.size + two.sse.streams.size === 1, 'the page to connect')
          const [first, second] = one.sse.streams.size === 1 ? [one, two] : [two, one]
          await channel.publish({ data: 'before' })
          await Promise.all([first.sse.close({ retryMs }), first.stopListening()])
          await until(() => second.sse.streams.size === 1, 'the page to come back')
          await channel.publish({ data: 'after' })
          await until(async () => (await received()).includes('after'), 'the event after the drain')
          // Nobody is there: the proxy answers, and says to come back after 5 s.
          const { port } = second
          await Promise.all([second.sse.close({ retryMs }), second.stopListening()])
          await channel.publish({ data: 'while nobody was there' })
          await page.waitForResponse(
            async (response) =>
              response.url().endsWith('/news') && response.headers()['x-node'] === undefined,
          )
          await startNode('three', channel, options, port)
          await until(async () => (await received()).length === 3, 'the event that was missed', 30_000)
          expect(await received()).toEqual(['before', 'after', 'while nobody was there'])
        } finally {
          await browser.close()
        }
      },
    )
  })
}

function untilReady(source: EventSource): Promise<void> {
  return new Promise((resolve) => source.addEventListener('$ready', () => resolve(), { once: true }))
}
