import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createHistory } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { openers } from './clients.ts'
import { afterGap, payloads } from './sse-server.ts'
import { StreamBench } from './stream-bench.ts'
import { until } from './until.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  redis.describe(`streams over ${name}`, () => {
    let bench: StreamBench
    beforeEach(() => {
      bench = new StreamBench(redis.path, open)
    })
    afterEach(() => bench.dispose())

    test('are told of FLUSHALL, every one of them, and go on', async () => {
      const engine = await bench.engine()
      const server = await bench.streams(engine.port)
      const channels = ['a', 'b', 'c']
      const publish = (data: string) =>
        Promise.all(channels.map((channel) => server.channel(channel).publish({ data })))
      await publish('before')
      const seen = await Promise.all(channels.map((channel) => server.collect(channel, { count: 1 })))
      const clients = await Promise.all(
        channels.flatMap((channel) =>
          Array.from({ length: 5 }, () => server.collectBetween(channel, 'before', 'after')),
        ),
      )
      await bench.admin(engine.port).flushall()
      await publish('after')
      for (const client of clients) {
        expect(afterGap(await client())).toEqual({ wasTold: true, payloads: ['after'] })
      }
      for (const [index, channel] of channels.entries()) {
        const lastEventId = seen[index]?.lastEventId
        const back = await server.collect(channel, { count: 1, lastEventId })
        expect(back.events[0]?.json()).toMatchObject({ channel, reason: 'unknown', missed: null })
        expect(payloads(back.events)).toEqual(['after'])
      }
    }, 20_000)

    test('are told how many events were trimmed while they were away', async () => {
      const engine = await bench.engine()
      const server = await bench.streams(engine.port, { maxEvents: 10 })
      const publish = (n: number) => server.channel('news').publish({ data: `${n}` })
      for (let n = 1; n <= 5; n += 1) await publish(n)
      const seen = await server.collect('news', { count: 3 })
      for (let n = 6; n <= 40; n += 1) await publish(n)
      const back = await server.collect('news', { count: 10, lastEventId: seen.lastEventId })
      expect(back.events[0]?.json()).toMatchObject({ reason: 'expired', missed: 30 - 3 })
      expect(payloads(back.events)).toEqual(Array.from({ length: 10 }, (_each, index) => `${31 + index}`))
    })

    test('are told how many events were trimmed while they lagged behind', async () => {
      const engine = await bench.engine()
      const server = await bench.streams(engine.port, { maxEvents: 5 })
      const channel = server.channel('news')
      const history = createHistory()
      history.keeps('news', 5)
      const connection = history.client().connect().subscribe('news', { from: 'start' })
      const request = get(`${server.url}/news`)
      const [response] = (await once(request, 'response')) as [IncomingMessage] // Node's only argument
      response.on('data', (bytes: Buffer) => connection.push(bytes))
      const blocks = (type: string) =>
        connection.steps.flatMap((step) => (step.kind === 'block' && step.block.event === type ? [step] : []))
      await until(async () => blocks('$ready').length > 0)
      response.pause()
      // More than the kernel takes for a client that does not read.
      for (let n = 1; n <= 200; n += 1) {
        await history.publish(channel, { data: `${n} ${'x'.repeat(100_000)}` })
      }
      response.resume()
      await history.publish(channel, { event: 'last', data: 'last' })
      await until(async () => blocks('last').length > 0)
      expect(blocks('$gap').length).toBeGreaterThan(0)
      const missed = blocks('$gap').map(({ block }) => JSON.parse(block.data).missed)
      const sum = missed.reduce((all, one) => all + one, 0)
      expect(blocks('message').length + sum).toBe(200)
      history.assertExact()
      request.destroy()
    }, 30_000)

    test('end on every node, also for those who come when all was trimmed', async () => {
      const engine = await bench.engine()
      const nodes = [await bench.streams(engine.port), await bench.streams(engine.port)] as const
      await nodes[0].channel('news').publish({ data: 'only' })
      const seen = await nodes[1].collect('news', { count: 1 })
      const live = nodes.map((node) => node.collect('news', {}))
      while (nodes.some((node) => node.channel('news').subscriberCount === 0)) await new Promise(setImmediate)
      await nodes[0].channel('news').end()
      const log = await bench.log(engine.port)
      for (const { events, ended } of await Promise.all(live)) {
        expect(events.map(({ event }) => event)).toEqual(['$ready', 'message', '$end'])
        expect(ended).toBe(true)
      }
      // Whoever reads trims: not even the mark of the end is left.
      await log.configure('news', { retention: { maxAgeMs: 1 } })
      await until(async () => (await log.read('news', { after: 'start', limit: 9 })).entries.length === 0)
      const late = await bench.streams(engine.port)
      for (const node of [...nodes, late]) {
        const fresh = await node.collect('news', {})
        expect(fresh.events.map(({ event }) => event)).toEqual(['$ready', '$end'])
        const behind = await node.collect('news', { lastEventId: seen.lastEventId })
        expect(behind.events.at(-1)?.event).toBe('$end')
        const done = await node.collect('news', { lastEventId: fresh.lastEventId })
        expect(done.status).toBe(204)
      }
      await expect(late.channel('news').publish({ data: 'too late' })).rejects.toMatchObject({
        code: 'ERR_SSE_CHANNEL_ENDED',
      })
    })

    test('are told when the server evicts their channel (allkeys-lru)', async () => {
      const engine = await bench.engine('--maxmemory-policy', 'allkeys-lru')
      const server = await bench.streams(engine.port)
      await server.channel('news').publish({ data: 'before' })
      const client = await server.collectBetween('news', 'before', 'after')
      const connection = bench.admin(engine.port)
      // Nothing fits any more: what is not in use this very moment goes.
      await connection.config('SET', 'maxmemory', '1')
      while ((await connection.dbsize()) > 0) await connection.get('nothing')
      await connection.config('SET', 'maxmemory', '0')
      await server.channel('news').publish({ data: 'after' })
      expect(afterGap(await client())).toEqual({ wasTold: true, payloads: ['after'] })
    })
  })
}
