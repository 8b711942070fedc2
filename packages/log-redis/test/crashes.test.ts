import type { CollectedEvent } from '@rivulet/testing'
import { openers } from './clients.ts'
import { products } from './servers.ts'
import { afterGap } from './sse-server.ts'
import { StreamBench } from './stream-bench.ts'
import { untilReplicated } from './until-replicated.ts'

for (const [product, program] of products) {
  for (const [name, open] of openers) {
    program.describe(`streams over ${name}, when a ${product} server crashes,`, () => {
      let bench: StreamBench
      beforeEach(() => {
        bench = new StreamBench(program.path, open)
      })
      afterEach(() => bench.dispose())

      const isLast = { until: ({ data }: CollectedEvent) => data === 'last' }

      for (const appendfsync of ['always', 'everysec']) {
        test(`are exact or told so when a server with appendfsync ${appendfsync} crashes`, async () => {
          const engine = await bench.engine('--appendonly', 'yes', '--appendfsync', appendfsync)
          const server = await bench.streams(engine.port)
          const clients = Array.from({ length: 5 }, () => server.collect('news', isLast))
          const publisher = await bench.streams(engine.port)
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
        const primary = await bench.engine()
        const link = await bench.gateway(primary.port)
        const address = await bench.gateway(primary.port)
        const replica = await bench.engine('--replicaof', '127.0.0.1', String(link.port))
        const server = await bench.streams(address.port)
        const publish = async (...all: string[]) => {
          for (const data of all) await server.channel('news').publish({ data })
        }
        await publish('kept 1', 'kept 2', 'kept 3')
        await untilReplicated(bench.admin(primary.port), bench.admin(replica.port))
        const knowsKept = await server.collect('news', { count: 3 })
        link.switchTo(null)
        await publish('lost 4', 'lost 5')
        const knowsLost = await server.collect('news', { count: 5 })
        const live = await server.collectBetween('news', 'lost 5', 'last')
        await primary.kill()
        await bench.admin(replica.port).call('REPLICAOF', 'NO', 'ONE')
        address.switchTo(replica.port)
        await publish('new 4', 'new 5', 'new 6', 'new 7', 'new 8', 'last')

        const now = ['kept 1', 'kept 2', 'kept 3', 'new 4', 'new 5', 'new 6', 'new 7', 'new 8', 'last']
        const holder = await server.collect('news', { ...isLast, lastEventId: knowsLost.lastEventId })
        // Before anything else, but perhaps not at once: the server answers from memory until it is connected to the replica.
        const gap = holder.events.findIndex(({ event }) => event === '$gap')
        expect(holder.events.slice(0, gap).filter(({ event }) => event !== '$ready')).toEqual([])
        expect(holder.events[gap]?.json()).toMatchObject({ reason: 'unknown', missed: null })
        expect(afterGap(holder).payloads).toEqual(now)
        const other = await server.collect('news', { ...isLast, lastEventId: knowsKept.lastEventId })
        expect(afterGap(other)).toEqual({ wasTold: false, payloads: now.slice(3) })
        expect(afterGap(await live())).toEqual({ wasTold: true, payloads: now })
      }, 30_000)
    })
  }
}
