import { createChannel, createMemoryLog } from '@rivulet/core'
import { needs } from '../support/needs.ts'
import { startNode } from './harness/node.ts'
import { type ProxyName, startProxy } from './harness/proxy.ts'
import { protocols, StreamThrough } from './harness/stream-through.ts'
import { until } from './harness/until.ts'

// In CI the real times; elsewhere all of them 20 times as short.
const scale = process.env.CI === 'true' ? 1 : 20
const idleMs = 70_000 / scale
const heartbeatMs = 15_000 / scale
const proxyTimeout = scale === 1 ? undefined : `${60_000 / scale}ms`
/** Caddy has no time-out for a silent server. */
const impatient: readonly ProxyName[] = ['nginx', 'haproxy']

jest.setTimeout(idleMs + 60_000)

const names = ['nginx', 'haproxy', 'caddy'] as const
const tools = names.map((name) => ({ name, tool: needs(name) }))

/** Streams on which nothing happens, over both protocols. */
async function openQuiet(name: ProxyName, path: string, heartbeat: number | false) {
  const channel = createChannel('news', { log: createMemoryLog() })
  const node = await startNode('one', channel, { heartbeatMs: heartbeat })
  const options = { path, upstreamPorts: [node.port, node.port], idle: proxyTimeout } as const
  const { origin } = await startProxy(name, options)
  const clients = await Promise.all(protocols.map((protocol) => StreamThrough.open(origin, protocol)))
  return { channel, node, clients }
}

// One test, since all of it is waiting.
const needed = tools.find(({ tool }) => !tool.isAvailable) ?? tools[0]
needed?.tool.test(
  `through nginx, HAProxy and Caddy: a stream with heartbeats survives ${idleMs / 1_000} s without an event, others are cut`,
  async () => {
    await Promise.all(
      tools.map(async ({ name, tool }) => {
        await Promise.all([survives(name, tool.path), impatient.includes(name) && isCut(name, tool.path)])
      }),
    )
  },
)

async function survives(name: ProxyName, path: string): Promise<void> {
  const { channel, node, clients } = await openQuiet(name, path, heartbeatMs)
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  await channel.publish({ data: 'at last' })
  for (const client of clients) await client.received('at last')
  expect(node.streams.length).toBe(2)
  for (const { client } of clients) expect(client.comments.length).toBeGreaterThanOrEqual(3)
}

/** Which shows that the proxy's time-out is on. */
async function isCut(name: ProxyName, path: string): Promise<void> {
  const { node, clients } = await openQuiet(name, path, false)
  for (const { client } of clients) {
    await client.waitFor(() => false, 'the cut', idleMs + 20_000)
    expect(client.state).not.toBe('open')
  }
  await until(() => node.streams.every(({ closed }) => closed === 'client'), 'the server to notice')
}
