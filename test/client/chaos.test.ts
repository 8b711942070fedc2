import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createChannel } from '@rivulet/core'
import { createSqliteLog } from '@rivulet/log-sqlite'
import { createHistory } from '@rivulet/testing'
import { ServerProcess } from '../chaos/harness/server-process.ts'
import { buildPackages } from '../support/readme-program.ts'
import { CuttingProxy } from './harness/cutting-proxy.ts'
import { RecordingClient } from './harness/recording-client.ts'

/** The full length in CI. */
const durationMs = Number(process.env.CHAOS_MS ?? (process.env.CI === 'true' ? 60_000 : 20_000))
const clientCount = 100
const eventsPerSecond = 40
const channelName = 'client chaos'
const openLogFile = fileURLToPath(new URL('../chaos/engines/sqlite/open-log.mjs', import.meta.url))
const retention = { maxEvents: 60 }
const lastEventWithinMs = 60_000

const disposals: (() => unknown)[] = []
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose()
})

test(
  `${clientCount} clients behind a proxy that cuts, delays and truncates, of servers that are killed, for ${durationMs} ms: exact, or told once of each gap`,
  async () => {
    buildPackages()
    const folder = mkdtempSync(join(tmpdir(), 'rivulet-client-'))
    disposals.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'events.db')
    const log = createSqliteLog({ file })
    disposals.push(() => log.close())
    const channel = createChannel(channelName, { log, retention })
    disposals.push(() => channel.close())

    const servers: ServerProcess[] = []
    const proxies: CuttingProxy[] = []
    for (const framework of ['express', 'fastify'] as const) {
      const settings = { framework, openLogFile, engine: { file }, channelName, retention }
      const server = await ServerProcess.start(settings)
      disposals.push(() => server.kill())
      const proxy = await CuttingProxy.start(server.port)
      disposals.push(() => proxy.close())
      servers.push(server)
      proxies.push(proxy)
    }

    const history = createHistory()
    history.keeps(channelName, retention.maxEvents)
    const clients = Array.from({ length: clientCount }, (_each, index) => {
      const port = proxies[index % 2]?.port ?? 0
      const taking = index % 4 < 2 ? 'listeners' : 'loop'
      const record = history.client(`client ${index} (${taking})`)
      return new RecordingClient(record, channelName, `http://127.0.0.1:${port}/`, taking)
    })
    disposals.push(() => {
      for (const client of clients) client.close()
    })
    const ended: string[] = []
    for (const client of clients) void client.end.then((end) => ended.push(end))

    let count = 0
    let isPublishing = true
    const publishing = (async () => {
      while (isPublishing) {
        count += 1
        await history.publish(channel, { event: 'tick', data: { count, text: 'x'.repeat(count % 700) } })
        await pause(1_000 / eventsPerSecond)
      }
    })()

    // Each server in turn is killed and started again, once when more was published meanwhile than is kept.
    const [one, two] = servers
    const forgotten = () => {
      const enough = count + retention.maxEvents * 3
      return until(() => count > enough)
    }
    const deeds = [
      [one, () => pause(300)],
      [two, () => pause(800)],
      [one, forgotten],
      [two, () => pause(100)],
      [one, () => pause(1_500)],
    ] as const
    for (const [server, meanwhile] of deeds) {
      await pause(durationMs / (deeds.length + 1))
      await server?.kill()
      await meanwhile()
      await server?.start()
    }
    await pause(durationMs / (deeds.length + 1))

    isPublishing = false
    await publishing
    for (const proxy of proxies) proxy.relent()
    // One that was never let in would begin behind the last event.
    await until(() => clients.every(({ record }) => record.lastEventId !== null))
    const data = { last: true }
    await history.publish(channel, { event: 'tick', data })
    await until(() => clients.every(({ newest }) => newest === JSON.stringify(data)))

    expect(ended).toEqual([])
    expect(clients.flatMap(({ wrongIds }) => wrongIds)).toEqual([])
    history.assertExact()
    // The run was one.
    const report = {
      published: count,
      openings: sum(clients.map(({ openings }) => openings)),
      gaps: sum(clients.map(({ gaps }) => gaps)),
      proxies: proxies.map(({ counts }) => counts),
    }
    if (process.env.CHAOS_MS !== undefined) console.log(report)
    expect(report.published).toBeGreaterThan((durationMs / 1_000) * eventsPerSecond * 0.1)
    expect(report.openings).toBeGreaterThan(clientCount * 2)
    // The clients of the server that was gone for long, and perhaps some others.
    expect(report.gaps).toBeGreaterThan(clientCount / 4)
    for (const { counts } of proxies) expect(Object.values(counts)).not.toContain(0)
  },
  durationMs + 240_000,
)

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + lastEventWithinMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`Not after ${lastEventWithinMs} ms: ${isSo}`)
    await pause(50)
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, each) => total + each, 0)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
