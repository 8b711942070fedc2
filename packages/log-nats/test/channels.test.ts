import { createServer, type Server } from 'node:http'
import { type Channel, createChannel, createSse } from '@rivulet/core'
import { collect } from '@rivulet/testing'
import { eventually } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')

nats.describe('clients of channels over NATS', () => {
  let storage: Storage
  const disposals: (() => unknown)[] = []
  beforeEach(async () => {
    storage = await Storage.open()
  })
  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
    await storage.close()
  })

  /** A node: its own connection, log, channel and server. */
  async function node(
    options: Partial<Parameters<typeof createChannel>[1]> = {},
  ): Promise<{ channel: Channel; url: string }> {
    const channel = createChannel('news', { log: await storage.log(), ...options })
    const sse = createSse({ heartbeatMs: 200 })
    const server = createServer((request, response) => {
      sse.open(request, response).subscribe(channel)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    disposals.push(async () => {
      await sse.close({ graceMs: 0 })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await channel.close()
    })
    return { channel, url: `http://127.0.0.1:${portOf(server)}` }
  }

  test('are told how many events were trimmed while they were away, on another node', async () => {
    const retention = { maxEvents: 5 }
    const [one, other] = [await node({ retention }), await node({ retention })]
    const ids: string[] = []
    for (let made = 1; made <= 20; made += 1) ids.push((await one.channel.publish({ data: made })).id)
    const { events } = await collect(other.url, '/', { lastEventId: ids[2] ?? '', count: 5 })
    expect(events[0]?.json()).toMatchObject({ reason: 'expired', missed: 12 })
    expect(events.slice(2).map(({ data }) => data)).toEqual(['16', '17', '18', '19', '20'])
    const exact = await collect(other.url, '/', { lastEventId: ids[14] ?? '', count: 5 })
    expect(exact.events[0]?.json()).toMatchObject({ resumed: true })
    expect(exact.events.slice(1).map(({ data }) => data)).toEqual(['16', '17', '18', '19', '20'])
  })

  test('get $gap when the stream is deleted under them, and what is published afterwards', async () => {
    const { channel, url } = await node()
    await channel.publish({ data: 'before' })
    const { seen, hasSeen, done } = watch(url, 'after')
    await hasSeen('$ready')
    await channel.publish({ data: 'live' })
    await hasSeen('live')
    await storage.api.streams.delete(await storage.stream('news'))
    await hasSeen('$gap')
    await channel.publish({ data: 'after' })
    await done
    expect(seen.filter((what) => what !== '$cursor')).toEqual(['$ready', 'live', '$gap', '$ready', 'after'])
  })

  test('get the end on every node, also those who come when it has been trimmed', async () => {
    const retention = { maxAgeMs: 500 }
    const [one, other] = [await node({ retention }), await node({ retention })]
    const waiting = collect(other.url, '/', { until: ({ event }) => event === '$end', timeoutMs: 10_000 })
    await eventually(
      async () => other.channel.subscriberCount,
      (count) => count === 1,
    )
    const { id } = await one.channel.publish({ data: 'last' })
    await one.channel.end()
    const { events } = await waiting
    expect(events.map(({ event }) => event).filter((event) => event.startsWith('$e'))).toEqual(['$end'])
    const log = await storage.log()
    await eventually(
      () => log.read('news', { after: 'start', limit: 1 }),
      ({ first, head }) => first > head,
    )
    for (const { url } of [one, other]) {
      const late = await collect(url, '/', { until: ({ event }) => event === '$end', lastEventId: id })
      expect(late.events.at(-1)?.event).toBe('$end')
    }
    await expect(other.channel.publish({ data: 'more' })).rejects.toMatchObject({
      code: 'ERR_SSE_CHANNEL_ENDED',
    })
  })

  test('stay connected while the log is out of reach, and get everything when it is back', async () => {
    const { channel, url } = await node()
    await channel.publish({ data: 'before' })
    const { seen, hasSeen, done } = watch(url, 'last')
    await hasSeen('$ready')
    const sent: string[] = []
    for (let round = 0; round < 5; round += 1) {
      storage.proxy.cut()
      sent.push(`${round}`)
      await channel.publish({ data: `${round}` })
    }
    await channel.publish({ data: 'last' })
    await done
    expect(seen.filter((what) => !what.startsWith('$'))).toEqual([...sent, 'last'])
  })
})

/** A client: what it has seen so far, control events by their names and others by their data, until a last one. */
function watch(url: string, last: string) {
  const seen: string[] = []
  const done = collect(url, '/', {
    timeoutMs: 15_000,
    until({ event, data }) {
      seen.push(event.startsWith('$') ? event : data)
      return data === last
    },
  })
  const hasSeen = (what: string) =>
    eventually(
      async () => seen,
      (all) => all.includes(what),
    )
  return { seen, hasSeen, done }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
  return address.port
}
