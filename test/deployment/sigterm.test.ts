import { OwnServer } from '../../packages/log-redis/test/own-server.ts'
import { needs } from '../support/needs.ts'
import { buildPackages, GuideProgram } from './harness/guide-program.ts'
import { StreamThrough } from './harness/stream-through.ts'
import { until } from './harness/until.ts'

jest.setTimeout(60_000)

const graceMs = 3_000
const clientCount = 20
/** What a busy machine may add: ending a process, Redis' connections. */
const marginMs = 10_000

const redis = needs('redis-server')

redis.describe("the guide's programs end by themselves on SIGTERM, with streams open", () => {
  let server: OwnServer

  beforeAll(async () => {
    buildPackages()
    server = await OwnServer.start(redis.path)
  }, 120_000)

  afterAll(() => server.dispose())

  test.each(['server-express.mjs', 'server-fastify.mjs'])('%s', async (name) => {
    const program = await GuideProgram.start(name, {
      REDIS_URL: `redis://127.0.0.1:${server.port}`,
      GRACE_MS: String(graceMs),
    })
    const origin = `http://127.0.0.1:${program.port}`
    const streams = await Promise.all(
      Array.from({ length: clientCount }, () => StreamThrough.open(origin, 'HTTP/1.1')),
    )
    const ending = program.end('SIGTERM')
    await until(() => streams.some(({ isHungUp }) => isHungUp), 'the first to be hung up')
    // They are not all hung up in one moment.
    expect(streams.some(({ isHungUp }) => !isHungUp)).toBe(true)
    const { code, signal, afterMs } = await ending
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(afterMs).toBeLessThan(graceMs + marginMs)
    await until(() => streams.every(({ isHungUp }) => isHungUp), 'all to be hung up')
    // Each was told its own time.
    const times = streams.map(({ client }) => client.retryMs ?? 0)
    for (const time of times) expect(time).toBeGreaterThanOrEqual(1_000)
    for (const time of times) expect(time).toBeLessThanOrEqual(5_000)
    expect(new Set(times).size).toBeGreaterThan(clientCount / 2)
  })
})
