import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { join } from 'node:path'
import { needs } from '../support/needs.ts'
import { buildPackages, guideFolder } from './harness/guide-program.ts'
import { startProxy } from './harness/proxy.ts'
import { until } from './harness/until.ts'

jest.setTimeout(60_000)

beforeAll(buildPackages, 120_000)

/** What the guide allows per address. */
const maxStreamsPerKey = 6

/** Asks for a stream from an address of this machine; `forged` stands in X-Forwarded-For. Gives what came first. */
async function ask(port: number, localAddress: string, forged: string): Promise<string> {
  const request = get({
    host: '127.0.0.1',
    port,
    path: '/stream',
    localAddress,
    agent: false,
    rejectUnauthorized: false,
    headers: { Accept: 'text/event-stream', 'X-Forwarded-For': forged },
  })
  request.on('error', () => {})
  requests.push(request)
  const [response] = (await once(request, 'response')) as [IncomingMessage] // what `response` comes with
  response.on('error', () => {})
  const [first] = await once(response, 'data')
  return String(first)
}

const requests: { destroy(): void }[] = []

afterEach(() => {
  for (const request of requests.splice(0)) request.destroy()
})

const retryOf = (text: string) => Number(/^retry: (\d+)\n/.exec(text)?.[1])

for (const name of ['nginx', 'haproxy', 'caddy'] as const) {
  const tool = needs(name)
  tool.test(
    `behind ${name}: limits count the client's own address, whatever it writes into X-Forwarded-For`,
    async () => {
      const folder = guideFolder('limits.mjs')
      const main = `import { app } from './limits.mjs'
      app.get('/ready', (req, res) => res.end())
      const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))`
      writeFileSync(join(folder, 'main.mjs'), main)
      const child = spawn(process.execPath, ['main.mjs'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        const [text] = await once(child.stdout, 'data')
        const upstream = Number(String(text))
        const { port } = await startProxy(name, { path: tool.path, upstreamPorts: [upstream, upstream] })
        // HAProxy has to have seen the probe's answer.
        await until(async () => retryOf(await ask(port, '127.0.0.3', '1.2.3.4')) < 4_000, 'the proxy')
        for (let count = 0; count < maxStreamsPerKey; count += 1) {
          expect(retryOf(await ask(port, '127.0.0.1', `9.9.9.${count}`))).toBeLessThan(4_000)
        }
        expect(retryOf(await ask(port, '127.0.0.1', '9.9.9.99'))).toBeGreaterThanOrEqual(30_000)
        // Somebody else, who claims to be the first.
        expect(retryOf(await ask(port, '127.0.0.2', '127.0.0.1'))).toBeLessThan(4_000)
      } finally {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
        rmSync(folder, { recursive: true, force: true })
      }
    },
  )
}
