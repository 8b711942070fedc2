import { headers } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { append, entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')

nats.describe('the sequence of a stream, which is the offset', () => {
  let storage: Storage
  let log: EventLog
  beforeEach(async () => {
    storage = await Storage.open()
    log = await storage.log()
  })
  afterEach(() => storage.close())

  async function all(): Promise<string[]> {
    const { entries, first, head } = await log.read('news', { after: 'start', limit: 1_000 })
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_each, index) => first + index))
    expect(head).toBe(first + entries.length - 1)
    return entries.map(({ data }) => data)
  }

  test('has no hole where an id was known, a message came out of place, or was too large', async () => {
    await log.append('news', entry('a'), { idempotencyKey: 'k' })
    await log.append('news', entry('again'), { idempotencyKey: 'k' })
    await expect(log.append('news', entry('x'.repeat(2 ** 21)))).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_TOO_LARGE',
    })
    const stream = await storage.stream('news')
    const { config } = await storage.api.streams.info(stream)
    const outOfPlace = headers()
    outOfPlace.set('Nats-Expected-Last-Sequence', '7')
    const answer = await storage.admin.request(config.subjects[0] ?? '', 'x', {
      headers: outOfPlace,
      timeout: 5_000,
    })
    expect(answer.string()).toContain('wrong last sequence')
    await log.append('news', entry('b'))
    expect(await all()).toEqual(['a', 'b'])
  })

  test('stores what fits where something in the same batch is too large', async () => {
    const large = 'x'.repeat(2 ** 20)
    const outcomes = await Promise.allSettled(
      ['a', 'b', large, 'c', large, 'd'].map((data) => log.append('news', entry(data))),
    )
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(await all()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('keeps batches together whose middle was stored before', async () => {
    await log.append('news', entry('key'), { idempotencyKey: 'k' })
    const appends = Array.from({ length: 20 }, (_each, index) =>
      log.append('news', entry(`${index}`), index === 10 ? { idempotencyKey: 'k' } : {}),
    )
    const positions = await Promise.all(appends)
    expect(positions[10]).toMatchObject({ offset: 1 })
    const others = Array.from({ length: 20 }, (_each, index) => `${index}`).filter((data) => data !== '10')
    expect(await all()).toEqual(['key', ...others])
  })

  test('has each chain of several writers whole, however they get in each other’s way', async () => {
    const logs = [log, await storage.log(), await storage.log(), await storage.log()]
    await Promise.all(
      logs.map(async (one, writer) => {
        for (let round = 0; round < 5; round += 1) {
          await Promise.all(
            Array.from({ length: 30 }, (_each, index) =>
              one.append('news', entry(`${writer} ${round * 30 + index}`)),
            ),
          )
        }
      }),
    )
    const data = await all()
    expect(data.length).toBe(600)
    for (const writer of logs.keys()) {
      const own = data.filter((each) => each.startsWith(`${writer} `))
      expect(own).toEqual(Array.from({ length: 150 }, (_each, index) => `${writer} ${index}`))
    }
  })

  test('gives all writers of a new channel one stream', async () => {
    const logs = await Promise.all(Array.from({ length: 6 }, () => storage.log()))
    for (let round = 0; round < 10; round += 1) {
      const channel = `channel${round}`
      const positions = await Promise.all(logs.map((one) => one.append(channel, entry())))
      expect(new Set(positions.map(({ epoch }) => epoch)).size).toBe(1)
      expect(positions.map(({ offset }) => offset).sort()).toEqual([1, 2, 3, 4, 5, 6])
      expect(await storage.streams(channel)).toHaveLength(1)
    }
  })

  test('is one of an own stream for each name, also where names differ in what NATS forbids', async () => {
    const names = [
      'a.b',
      'a b',
      'a*b',
      'a>b',
      'a/b',
      'a\\b',
      'a_b',
      'A_b',
      '\ud800',
      '\ud801',
      'x'.repeat(256),
    ]
    for (const name of names) await log.append(name, entry(name))
    const streams = await storage.streams()
    expect(streams).toHaveLength(names.length)
    for (const stream of streams) expect(stream).toMatch(/^[\w-]{1,128}$/)
    for (const name of names) {
      const { entries } = await log.read(name, { after: 'start', limit: 10 })
      expect(entries.map(({ data }) => data)).toEqual([name])
    }
  })

  test('stores one event for a key that is published 100 times at once by two connections', async () => {
    const logs = [log, await storage.log()]
    const positions = await Promise.all(
      Array.from({ length: 100 }, (_each, index) =>
        logs[index % 2]?.append('news', entry(), { idempotencyKey: 'the key' }),
      ),
    )
    expect(new Set(positions.map((position) => JSON.stringify(position))).size).toBe(1)
    expect(await all()).toHaveLength(1)
  })

  test('ends for writers that were under way, and not one message comes behind', async () => {
    const logs = [log, await storage.log(), await storage.log()]
    await append(log, 'news', 1)
    const outcomes = await Promise.allSettled(
      logs.flatMap((one, writer) =>
        Array.from({ length: 40 }, (_each, index) =>
          one.append('news', writer === 1 && index === 20 ? entry('', { kind: 'end' }) : entry()),
        ),
      ),
    )
    const { entries, ended } = await log.read('news', { after: 'start', limit: 1_000 })
    expect(ended).toBe(true)
    expect(entries.findIndex(({ kind }) => kind === 'end')).toBe(entries.length - 1)
    const stored = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(stored.length).toBe(entries.length - 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        expect(outcome.reason).toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
      }
    }
  })

  test('takes up a channel that another process has ended, deleted and begun anew', async () => {
    const other = await storage.log()
    await log.append('news', entry())
    await other.append('news', entry('', { kind: 'end' }))
    await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
    await other.delete('news')
    expect(await log.append('news', entry('new'))).toMatchObject({ offset: 1 })
    expect(await all()).toEqual(['new'])
  })

  test('says what is wrong where somebody else has published to the subject', async () => {
    await log.append('news', entry('a'))
    const { config } = await storage.api.streams.info(await storage.stream('news'))
    await storage.admin.request(config.subjects[0] ?? '', 'not an entry')
    const foreign = { code: 'ERR_SSE_LOG_FOREIGN_KEY' }
    await expect(log.read('news', { after: 'start', limit: 10 })).rejects.toMatchObject(foreign)
    await expect(log.append('news', entry())).rejects.toMatchObject(foreign)
    await log.delete('news')
    expect(await log.append('news', entry('new'))).toMatchObject({ offset: 1 })
  })
})
