import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { EventLog } from '@rivulet/core'
import { type CollectedEvent, type CollectedStream, createHistory } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { createRedisLog } from '../src/index.ts'
import { openers } from './clients.ts'
import { Gateway } from './gateway.ts'
import { OwnServer } from './own-server.ts'
import { afterGap, payloads, SseServer } from './sse-server.ts'
import { Storage } from './storage.ts'
import { until } from './until.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  redis.describe(`streams over ${name}`, () => {
    const disposals: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const dispose of disposals.splice(0).reverse()) await dispose()
    })

    async function serve(...settings: string[]): Promise<OwnServer> {
      const server = await OwnServer.start(redis.path, ...settings)
      disposals.push(() => server.dispose())
      return server
    }

    async function connect(port: number): Promise<EventLog> {
      const user = await open({ port })
      const log = createRedisLog({ client: user.client, answerMs: 2_000, checkMs: 300 })
      disposals.push(async () => {
        await log.close()
        await user.close()
      })
      return log
    }

    async function streams(port: number, ...[retention]: [] | [{ maxEvents: number }]): Promise<SseServer> {
      const server = await SseServer.start(await connect(port), retention)
      disposals.push(() => server.close())
      return server
    }

    async function admin(port: number) {
      const storage = new Storage(open, port)
      disposals.push(() => storage.close())
      return storage.admin
    }

    const isLast = { until: ({ data }: CollectedEvent) => data === 'last' }
    const isAfter = { until: ({ data }: CollectedEvent) => data === 'after' }

    for (const appendfsync of ['always', 'everysec']) {
      test(`are exact or told so when a server with appendfsync ${appendfsync} crashes`, async () => {
        const engine = await serve('--appendonly', 'yes', '--appendfsync', appendfsync)
        const server = await streams(engine.port)
        const clients = Array.from({ length: 5 }, () => server.collect('news', isLast))
        const publisher = await streams(engine.port)
        const acknowledged: string[] = []
        let count = 0
        const publish = async () => {
          count += 1
          const data = `event ${count}`
          // What is refused may be stored, once.
          await publisher
            .channel('news')
            .publish({ data })
            .then(
              () => acknowledged.push(data),
              () => {},
            )
        }
        for (let round = 0; round < 3; round += 1) {
          const under = Array.from({ length: 300 }, publish)
          await under[20]
          if (round > 0) await Promise.all(under)
          await engine.kill()
          // The file keeps what the server wrote, unless the machine goes down with it.
          if (appendfsync === 'everysec' && round > 0) engine.loseTail(20_000)
          await engine.start()
          await Promise.all(under)
          await publish()
        }
        await publisher.channel('news').publish({ data: 'last' })

        const { payloads: stored } = afterGap(await server.collect('news', isLast))
        const lost = acknowledged.filter((data) => !stored.includes(data))
        if (appendfsync === 'always') expect(lost).toEqual([])
        else expect(lost.length).toBeGreaterThan(0)
        expect(new Set(stored).size).toBe(stored.length)
        for (const stream of await Promise.all(clients)) {
          // Who was not told has had everything there is, and nothing else.
          expect(afterGap(stream).payloads).toEqual(stored)
          if (appendfsync === 'always') expect(afterGap(stream).wasTold).toBe(false)
        }
      }, 40_000)
    }

    test('are told of a tail that a promoted replica has lost, also once it is past the old head', async () => {
      const primary = await serve('--repl-diskless-sync-delay', '0')
      const link = await Gateway.start(primary.port)
      const address = await Gateway.start(primary.port)
      disposals.push(async () => {
        await link.close()
        await address.close()
      })
      const replica = await serve('--replicaof', '127.0.0.1', String(link.port))
      const server = await streams(address.port)
      const publish = async (...all: string[]) => {
        for (const data of all) await server.channel('news').publish({ data })
      }
      await publish('kept 1', 'kept 2', 'kept 3')
      expect(await (await admin(primary.port)).wait(1, 5_000)).toBe(1)
      const knowsKept = await server.collect('news', { count: 3 })
      link.switchTo(null)
      await publish('lost 4', 'lost 5')
      const knowsLost = await server.collect('news', { count: 5 })
      let live: Promise<CollectedStream> | undefined
      await new Promise<void>((resolve) => {
        const until = (event: CollectedEvent) => {
          if (event.data === 'lost 5') resolve()
          return event.data === 'last'
        }
        live = server.collect('news', { until })
      })
      await primary.kill()
      await (await admin(replica.port)).call('REPLICAOF', 'NO', 'ONE')
      address.switchTo(replica.port)
      await publish('new 4', 'new 5', 'new 6', 'new 7', 'new 8', 'last')

      const now = ['kept 1', 'kept 2', 'kept 3', 'new 4', 'new 5', 'new 6', 'new 7', 'new 8', 'last']
      const holder = await server.collect('news', { ...isLast, lastEventId: knowsLost.lastEventId })
      expect(holder.events[0]).toMatchObject({ event: '$gap' })
      expect(holder.events[0]?.json()).toMatchObject({ reason: 'unknown', missed: null })
      expect(afterGap(holder).payloads).toEqual(now)
      const other = await server.collect('news', { ...isLast, lastEventId: knowsKept.lastEventId })
      expect(afterGap(other)).toEqual({ wasTold: false, payloads: now.slice(3) })
      expect(afterGap((await live) ?? { events: [] })).toEqual({ wasTold: true, payloads: now })
    }, 30_000)

    test('are told of FLUSHALL, every one of them, and go on', async () => {
      const engine = await serve()
      const server = await streams(engine.port)
      const channels = ['a', 'b', 'c']
      const publish = (data: string) =>
        Promise.all(channels.map((channel) => server.channel(channel).publish({ data })))
      await publish('before')
      const seen = await Promise.all(channels.map((channel) => server.collect(channel, { count: 1 })))
      const clients = channels.flatMap((channel) =>
        Array.from({ length: 5 }, () => server.collect(channel, isAfter)),
      )
      while (channels.some((channel) => server.channel(channel).subscriberCount < 5)) {
        await new Promise(setImmediate)
      }
      await (await admin(engine.port)).flushall()
      await publish('after')
      for (const stream of await Promise.all(clients)) {
        expect(afterGap(stream)).toEqual({ wasTold: true, payloads: ['after'] })
      }
      for (const [index, channel] of channels.entries()) {
        const lastEventId = seen[index]?.lastEventId
        const back = await server.collect(channel, { count: 1, lastEventId })
        expect(back.events[0]?.json()).toMatchObject({ channel, reason: 'unknown', missed: null })
        expect(payloads(back.events)).toEqual(['after'])
      }
    }, 20_000)

    test('are told how many events were trimmed while they were away', async () => {
      const engine = await serve()
      const server = await streams(engine.port, { maxEvents: 10 })
      const publish = (n: number) => server.channel('news').publish({ data: `${n}` })
      for (let n = 1; n <= 5; n += 1) await publish(n)
      const seen = await server.collect('news', { count: 3 })
      for (let n = 6; n <= 40; n += 1) await publish(n)
      const back = await server.collect('news', { count: 10, lastEventId: seen.lastEventId })
      expect(back.events[0]?.json()).toMatchObject({ reason: 'expired', missed: 30 - 3 })
      expect(payloads(back.events)).toEqual(Array.from({ length: 10 }, (_each, index) => `${31 + index}`))
    })

    test('are told how many events were trimmed while they lagged behind', async () => {
      const engine = await serve()
      const server = await streams(engine.port, { maxEvents: 5 })
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
      const engine = await serve()
      const nodes = [await streams(engine.port), await streams(engine.port)] as const
      await nodes[0].channel('news').publish({ data: 'only' })
      const seen = await nodes[1].collect('news', { count: 1 })
      const live = nodes.map((node) => node.collect('news', {}))
      while (nodes.some((node) => node.channel('news').subscriberCount === 0)) await new Promise(setImmediate)
      await nodes[0].channel('news').end()
      const log = await connect(engine.port)
      for (const { events, ended } of await Promise.all(live)) {
        expect(events.map(({ event }) => event)).toEqual(['$ready', 'message', '$end'])
        expect(ended).toBe(true)
      }
      // Whoever reads trims: not even the mark of the end is left.
      await log.configure('news', { retention: { maxAgeMs: 1 } })
      await until(async () => (await log.read('news', { after: 'start', limit: 9 })).entries.length === 0)
      const late = await streams(engine.port)
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
      const engine = await serve('--maxmemory-policy', 'allkeys-lru')
      const server = await streams(engine.port)
      await server.channel('news').publish({ data: 'before' })
      const client = server.collect('news', isAfter)
      while (server.channel('news').subscriberCount === 0) await new Promise(setImmediate)
      const connection = await admin(engine.port)
      // Nothing fits any more: what is not in use this very moment goes.
      await connection.config('SET', 'maxmemory', '1')
      while ((await connection.dbsize()) > 0) await connection.get('nothing')
      await connection.config('SET', 'maxmemory', '0')
      await server.channel('news').publish({ data: 'after' })
      expect(afterGap(await client)).toEqual({ wasTold: true, payloads: ['after'] })
    })
  })
}
