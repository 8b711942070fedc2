import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CollectedEvent, collect } from '@rivulet/testing'
import { Redis } from 'ioredis'
import { needs } from '../../../test/support/needs.ts'
import { freePort, OwnServer } from './own-server.ts'

const redis = needs('redis-server')
const root = fileURLToPath(new URL('../../..', import.meta.url))

redis.describe('two processes', () => {
  // Below node_modules, where the program finds the packages as a user's project does.
  const folder = mkdtempSync(join(root, 'node_modules', '.log-redis-'))
  const processes: ChildProcess[] = []
  let engine: OwnServer

  beforeAll(async () => {
    const build = spawnSync(process.execPath, ['scripts/build.mjs', '--if-changed'], {
      cwd: root,
      encoding: 'utf8',
    })
    if (build.status !== 0) throw new Error(build.stderr)
    const readme = readFileSync(join(root, 'packages', 'log-redis', 'README.md'), 'utf8')
    writeFileSync(join(folder, 'program.mjs'), /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '')
    writeFileSync(join(folder, 'publisher.mjs'), publisherProgram)
    engine = await OwnServer.start(redis.path)
  }, 300_000)

  afterAll(async () => {
    for (const process of processes) {
      if (process.exitCode !== null) continue
      const exited = once(process, 'exit')
      process.kill('SIGKILL')
      await exited
    }
    await engine.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  test("that run the README's program serve what either publishes, in one order, and resume what the other has served", async () => {
    const urls = [await run(), await run()]
    const [one = '', other = ''] = urls
    const both = await Promise.all(
      urls.map((url) => collect(url, '/', { until: hasBoth(), timeoutMs: 15_000 })),
    )
    for (const { status, events } of both) {
      expect(status).toBe(200)
      expect(events[0]?.event).toBe('$ready')
    }

    const seen = both[0]
    const resumed = await collect(other, '/', {
      lastEventId: seen?.events[1]?.id ?? '',
      count: 3,
      timeoutMs: 15_000,
    })
    expect(resumed.events[0]?.json()).toMatchObject({ resumed: true })
    const again = await collect(one, '/', {
      lastEventId: seen?.events[1]?.id ?? '',
      count: 3,
      timeoutMs: 15_000,
    })
    expect(ticks(again.events)).toEqual(ticks(resumed.events))
    const known = ticks(seen?.events.slice(2) ?? []).slice(0, 3)
    expect(ticks(resumed.events).slice(0, known.length)).toEqual(known)
  }, 60_000)

  test('that publish with the same idempotency key a hundred times store one event, and give one id', async () => {
    const publishers = [await runPublisher(), await runPublisher()]
    const answers = publishers.map((publisher) => once(publisher, 'message'))
    for (const publisher of publishers) publisher.send({ idempotencyKey: 'payment 7', times: 50 })
    const ids = (await Promise.all(answers)).flatMap(([list]) => list as string[]) // as the program sends it
    expect(ids).toHaveLength(100)
    expect(new Set(ids).size).toBe(1)
    const admin = new Redis({ port: engine.port })
    expect(await admin.xlen('rivulet:{orders}:stream')).toBe(1)
    admin.disconnect()
  }, 60_000)

  async function runPublisher(): Promise<ChildProcess> {
    const publisher = fork(join(folder, 'publisher.mjs'), {
      env: { ...process.env, REDIS_URL: `redis://127.0.0.1:${engine.port}` },
    })
    processes.push(publisher)
    const failed = once(publisher, 'exit').then(([code]) => {
      throw new Error(`The publisher ended with ${code}.`)
    })
    await Promise.race([once(publisher, 'message'), failed])
    failed.catch(() => {}) // In the end it is killed.
    return publisher
  }

  async function run(): Promise<string> {
    const port = await freePort()
    const program = spawn(process.execPath, ['program.mjs'], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), REDIS_URL: `redis://127.0.0.1:${engine.port}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    processes.push(program)
    const url = `http://127.0.0.1:${port}`
    while ((await fetch(url, { method: 'HEAD' }).catch(() => null)) === null) {
      if (program.exitCode !== null) throw new Error(`The program ended with ${program.exitCode}.`)
    }
    return url
  }
})

/** Publishes the same event as often as it is told to, all at once, and tells the ids. */
const publisherProgram = `
import { createChannel } from '@rivulet/core'
import { createRedisLog } from '@rivulet/log-redis'
import Redis from 'ioredis'

const channel = createChannel('orders', { log: createRedisLog({ client: new Redis(process.env.REDIS_URL) }) })
process.on('message', async ({ idempotencyKey, times }) => {
  const publish = () => channel.publish({ data: process.pid, idempotencyKey })
  const results = await Promise.all(Array.from({ length: times }, publish))
  process.send(results.map(({ id }) => id))
})
process.send('ready')
`

/** True once events of two processes have come. */
function hasBoth(): (event: CollectedEvent) => boolean {
  const pids = new Set<unknown>()
  return (event) => {
    if (event.event === 'tick') pids.add((event.json() as { pid: number }).pid) // as the program publishes it
    return pids.size === 2
  }
}

function ticks(events: readonly CollectedEvent[]): string[] {
  return events.filter(({ event }) => event === 'tick').map(({ id, data }) => `${id} ${data}`)
}
