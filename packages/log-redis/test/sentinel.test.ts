import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { createRedisLog } from '../src/index.ts'
import { OwnSentinels } from './own-sentinel.ts'
import { OwnServer } from './own-server.ts'
import { products } from './servers.ts'
import { afterGap, payloads, SseServer } from './sse-server.ts'
import { untilReplicated } from './until-replicated.ts'

for (const [product, program] of products) {
  program.describe(`a fail-over by Sentinel, of ${product},`, () => {
    const disposals: (() => Promise<unknown>)[] = []
    const prefix = `rivulet-test-${randomUUID()}:`

    afterEach(async () => {
      for (const dispose of disposals.splice(0).reverse()) await dispose()
    })

    async function start() {
      const primary = await OwnServer.start(program.path)
      disposals.push(() => primary.dispose())
      const replica = await OwnServer.start(program.path, '--replicaof', '127.0.0.1', `${primary.port}`)
      disposals.push(() => replica.dispose())
      const sentinels = await OwnSentinels.start(program.path, primary.port)
      disposals.push(() => sentinels.dispose())
      const admins = [primary, replica].map(({ port }) => new Redis({ port, maxRetriesPerRequest: null }))
      for (const admin of admins) admin.on('error', () => {})
      disposals.push(async () => {
        for (const admin of admins) admin.disconnect()
      })
      const [primaryAdmin, replicaAdmin] = admins
      if (primaryAdmin === undefined || replicaAdmin === undefined) throw new Error('There are two.')
      return { primary, primaryAdmin, replicaAdmin, sentinels }
    }

    async function serve(sentinels: OwnSentinels): Promise<SseServer> {
      const client = sentinels.client()
      const log = createRedisLog({ client, prefix, checkMs: 300 })
      const server = await SseServer.start(log)
      disposals.push(async () => {
        await server.close()
        await log.close()
        client.disconnect()
      })
      return server
    }

    test('where the replica had everything, clients go on exactly, open streams and those that come back', async () => {
      const { primary, primaryAdmin, replicaAdmin, sentinels } = await start()
      const server = await serve(sentinels)
      const channel = server.channel('news')
      await channel.publish({ data: 'first' })
      const open = await server.collectBetween('news', 'first', 'last')
      const seen = await server.collect('news', { until: ({ data }) => data === 'first' })
      for (let n = 1; n <= 20; n += 1) await channel.publish({ data: `${n}` })
      await untilReplicated(primaryAdmin, replicaAdmin)
      await primary.kill()
      await publishUntilStored(() => channel.publish({ data: 'after', idempotencyKey: 'after' }))
      await channel.publish({ data: 'last' })

      const expected = ['first', ...Array.from({ length: 20 }, (_, n) => `${n + 1}`), 'after', 'last']
      const { events } = await open()
      expect(events.map(({ event }) => event)).not.toContain('$gap')
      expect(payloads(events)).toEqual(expected)
      const back = await server.collect('news', {
        lastEventId: seen.lastEventId,
        until: ({ data }) => data === 'last',
      })
      expect(back.events[0]?.json()).toMatchObject({ resumed: true })
      expect(payloads(back.events)).toEqual(expected.slice(1))
    }, 60_000)

    test('where it had not, those who had seen what is lost are told, also past the old head', async () => {
      const { primary, primaryAdmin, replicaAdmin, sentinels } = await start()
      const server = await serve(sentinels)
      const channel = server.channel('news')
      await channel.publish({ data: 'kept' })
      const kept = await server.collect('news', { until: ({ data }) => data === 'kept' })
      await untilReplicated(primaryAdmin, replicaAdmin)
      // It stays a replica, so that sentinels promote it, and hears nothing more.
      await replicaAdmin.call('REPLICAOF', '127.0.0.1', '1')
      for (const data of ['lost 1', 'lost 2']) await channel.publish({ data })
      const open = await server.collectBetween('news', 'lost 2', 'last')
      const lost = await server.collect('news', { until: ({ data }) => data === 'lost 2' })
      await primary.kill()
      await publishUntilStored(() => channel.publish({ data: 'new 1', idempotencyKey: 'new 1' }))
      for (const data of ['new 2', 'new 3', 'last']) await channel.publish({ data })

      expect(afterGap(await open())).toEqual({
        wasTold: true,
        payloads: ['kept', 'new 1', 'new 2', 'new 3', 'last'],
      })
      const until = ({ data }: { readonly data: string }) => data === 'last'
      const misled = await server.collect('news', { lastEventId: lost.lastEventId, until })
      expect(misled.events[0]?.event).toBe('$gap')
      expect(misled.events[0]?.json()).toMatchObject({ reason: 'unknown' })
      const exact = await server.collect('news', { lastEventId: kept.lastEventId, until })
      expect(exact.events[0]?.json()).toMatchObject({ resumed: true })
      expect(payloads(exact.events)).toEqual(['new 1', 'new 2', 'new 3', 'last'])
    }, 60_000)
  })
}

/** Until the promoted server takes it; its key stores it once. */
async function publishUntilStored(publish: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await publish()
      return
    } catch {
      // There is no primary yet; the test's own time limit ends this.
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
