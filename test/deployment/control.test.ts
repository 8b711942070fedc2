import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { OwnServer } from '../../packages/log-redis/test/own-server.ts'
import { requestOf } from '../../packages/testing/src/collect/request.ts'
import { StreamClient } from '../../packages/testing/src/collect/stream-client.ts'
import { needs } from '../support/needs.ts'
import { buildPackages, guideFolder } from './harness/guide-program.ts'
import { until } from './harness/until.ts'

jest.setTimeout(60_000)

const redis = needs('redis-server')
const children: ChildProcess[] = []
const clients: StreamClient[] = []

beforeAll(buildPackages, 120_000)

afterEach(async () => {
  for (const client of clients.splice(0)) client.leave()
  for (const child of children.splice(0)) {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
})

async function startNode(folder: string, redisPort: number): Promise<string> {
  const program = join(__dirname, 'harness', 'control-main.mjs')
  const child = spawn(process.execPath, [program, folder, String(redisPort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [port] = await once(child.stdout, 'data')
  return `http://127.0.0.1:${String(port).trim()}`
}

function open(origin: string, user: string): StreamClient {
  const endpoint = { origin, isHttp2: false, release: () => Promise.resolve() }
  const client = new StreamClient(endpoint, requestOf(`/stream?user=${user}`, {}))
  clients.push(client)
  return client
}

redis.test(
  "the guide's control channel: one node closes a user's streams on both, and nobody else's",
  async () => {
    const server = await OwnServer.start(redis.path)
    const folder = guideFolder('control.mjs')
    try {
      const origins = [await startNode(folder, server.port), await startNode(folder, server.port)]
      const ada = origins.map((origin) => open(origin, 'ada'))
      const bob = origins.map((origin) => open(origin, 'bob'))
      await until(() => clients.every(({ retryMs }) => retryMs !== null), 'the streams')
      await fetch(`${origins[0]}/close?user=ada`, { method: 'POST' })
      await until(
        () => ada.every(({ state }) => state === 'ended'),
        "Ada's streams to be closed on both nodes",
      )
      // The order has been through both nodes: whoever it does not concern is still there.
      expect(bob.map(({ state }) => state)).toEqual(['open', 'open'])
      // An order of the other node, and a second one, after which the first is not carried out again.
      const again = origins.map((origin) => open(origin, 'ada'))
      await until(() => again.every(({ retryMs }) => retryMs !== null), 'the streams that came back')
      await fetch(`${origins[1]}/close?user=bob`, { method: 'POST' })
      await until(
        () => bob.every(({ state }) => state === 'ended'),
        "Bob's streams to be closed on both nodes",
      )
      expect(again.map(({ state }) => state)).toEqual(['open', 'open'])
    } finally {
      for (const client of clients) client.leave()
      rmSync(folder, { recursive: true, force: true })
      await server.dispose()
    }
  },
)
