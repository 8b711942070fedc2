import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Channel, createChannel, createSse, type EventLog } from '@rivulet/core'
import { type CollectedStream, collect } from '@rivulet/testing'
import { Storage } from './support/storage.ts'

const sse = createSse({ heartbeatMs: 1_000 })
let storage: Storage
let log: EventLog
let channel: Channel
let server: Server
let url: string

beforeEach(async () => {
  storage = new Storage()
  log = storage.log({ checkMs: 300 })
  channel = createChannel('news', { log, retention: { maxEvents: 100 } })
  server = createServer((request, response) => {
    sse.open(request, response).subscribe(channel)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // of a TCP server
})

afterEach(async () => {
  channel.close()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  await storage.close()
})

interface Listening {
  /** Resolves once a `$ready`, or an event with that data, has come. */
  has(what: string): Promise<void>
  readonly stream: Promise<CollectedStream>
}

/** Listens until an event with that data has come. */
function listenUntil(last: string): Listening {
  const seen = new Set<string>()
  let wake = () => {}
  const stream = collect(url, '/', {
    timeoutMs: 15_000,
    until({ event, data }) {
      seen.add(event === 'item' ? String(JSON.parse(data)) : (event ?? ''))
      wake()
      return seen.has(last)
    },
  })
  const has = async (what: string) => {
    while (!seen.has(what)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { has, stream }
}

async function publish(...all: string[]): Promise<void> {
  for (const data of all) await channel.publish({ event: 'item', data: JSON.stringify(data) })
}

function outline({ events }: CollectedStream): string[] {
  return events.map(({ event, data }) => (event === 'item' ? String(JSON.parse(data)) : (event ?? '')))
}

test('a file replaced by an older copy of itself: clients are told, get what it has, and go on', async () => {
  await publish('one', 'two')
  const backup = await storage.backUp()
  await publish('lost')
  const { has, stream } = listenUntil('new')
  await has('$ready')
  await publish('lost too')
  await has('lost too')
  storage.replaceBy(backup)
  await publish('new')
  const seen = outline(await stream)
  expect(seen).toEqual(['$ready', 'lost too', '$gap', '$ready', 'one', 'two', 'new'])
})

test('a file that was deleted is made anew, and clients are told', async () => {
  await publish('one')
  const { has, stream } = listenUntil('new')
  await has('$ready')
  await publish('two')
  await has('two')
  for (const suffix of ['', '-wal', '-shm']) rmSync(storage.file + suffix, { force: true })
  await publish('new')
  expect(outline(await stream)).toEqual(['$ready', 'two', '$gap', '$ready', 'new'])
})

test('tables that somebody has emptied: clients are told by themselves', async () => {
  await publish('one')
  const { has, stream } = listenUntil('new')
  await has('$ready')
  const outsider = await storage.outsider()
  await outsider.run('BEGIN; DELETE FROM entry; DELETE FROM channel; DELETE FROM idempotency; COMMIT')
  await publish('new')
  expect(outline(await stream)).toEqual(['$ready', '$gap', '$ready', 'new'])
})

test('entries that somebody has deleted from the midst: nobody gets others in their place, and clients are told', async () => {
  await publish('one', 'two', 'three', 'four')
  const { has, stream } = listenUntil('new')
  await has('$ready')
  const before = await log.read('news', { after: 'start', limit: 2 })
  const outsider = await storage.outsider()
  await outsider.run('DELETE FROM entry WHERE offset = 3')
  expect(await log.read('news', { after: 'start', limit: 2 })).toEqual(before)
  const after = { epoch: before.epoch, offset: 2, check: before.entries[1]?.check ?? '' }
  const result = await log.read('news', { after, limit: 2 })
  expect(result).toMatchObject({ invalid: 'unknown', entries: [], head: 0 })
  expect(result.epoch).not.toBe(before.epoch)
  await has('$gap')
  await publish('new')
  expect(outline(await stream)).toEqual(['$ready', '$gap', '$ready', 'new'])
  expect((await log.read('news', { after: 'start', limit: 10 })).entries).toHaveLength(1)
})

test('a hole that retention trims away is as good as trimmed', async () => {
  await publish('one', 'two', 'three', 'four')
  await log.configure('news', { retention: { maxAgeMs: 3_600_000 } })
  const { entries, epoch } = await log.read('news', { after: 'start', limit: 4 })
  const outsider = await storage.outsider()
  await outsider.run('DELETE FROM entry WHERE offset = 2; UPDATE entry SET at = 0 WHERE offset <= 3')
  const result = await log.read('news', { after: 'start', limit: 10 })
  expect(result).toMatchObject({ epoch, first: 4, after: { offset: 3, check: entries[2]?.check } })
  expect(result.entries).toEqual(entries.slice(3))
})

test('a client that lags behind trimming is told how much it has missed', async () => {
  await channel.publish({ event: 'item', data: '"0"' })
  const { events } = await collect(url, '/', { until: ({ event }) => event === '$ready' })
  const lastEventId = events[0]?.id ?? ''
  await publish(...Array.from({ length: 250 }, (_each, index) => `${index + 1}`))
  const resumed = await collect(url, '/', {
    lastEventId,
    timeoutMs: 15_000,
    until: ({ event, data }) => event === 'item' && data === '"250"',
  })
  expect(resumed.events[0]).toMatchObject({ event: '$gap' })
  expect(resumed.events[0]?.json()).toMatchObject({ reason: 'expired', missed: 150 })
  expect(resumed.events.filter(({ event }) => event === 'item').length).toBe(100)
})

test('a channel that has ended is over in other processes too, also after its entries were trimmed', async () => {
  const other = storage.log()
  await log.configure('news', { retention: { maxAgeMs: 1 } })
  await publish('one')
  await channel.end()
  await expect(
    other.append('news', { v: 1, kind: 'event', data: '', topics: [], at: Date.now(), check: 'zzzz' }),
  ).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
  expect(await other.read('news', { after: 'head', limit: 0 })).toMatchObject({ ended: true, head: 2 })
})
