import type { EventLog, Position } from '@rivulet/core'
import { append, entry, eventually, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')

nats.describe('trimming', () => {
  let storage: Storage
  let log: EventLog
  beforeEach(async () => {
    storage = await Storage.open()
    log = await storage.log()
  })
  afterEach(() => storage.close())

  async function stateOf(channel: string) {
    const { state } = await storage.api.streams.info(await storage.stream(channel))
    return state
  }

  test('deletes on the server what retention does not keep, and a bit later than it is hidden', async () => {
    await log.configure('news', { retention: { maxEvents: 10 } })
    const positions = await Promise.all(Array.from({ length: 500 }, () => log.append('news', entry())))
    expect(await log.read('news', { after: 'start', limit: 0 })).toMatchObject({ first: 491, head: 500 })
    await eventually(
      async () => {
        positions.push(await log.append('news', entry()))
        return stateOf('news')
      },
      ({ messages }) => messages < 150,
    )
    const { first, entries, after } = await log.read('news', { after: 'start', limit: 100 })
    expect(entries).toHaveLength(10)
    expect(first).toBe(positions.length - 9)
    expect(after).toEqual(positions[first - 2])
    expect(await log.read('news', { after: positions[first - 2] ?? 'start', limit: 0 })).not.toHaveProperty(
      'invalid',
    )
    expect(await log.read('news', { after: positions[0] ?? 'start', limit: 0 })).toMatchObject({
      invalid: 'expired',
    })
  })

  test('keeps the newest message for the check, the end and the offset, when all have become too old', async () => {
    await log.configure('news', { retention: { maxAgeMs: 100 } })
    const positions = await append(log, 'news', 100)
    const end = await log.append('news', entry('', { kind: 'end' }))
    const other = await storage.log()
    const isEmpty = ({ first }: { first: number }) => first === 102
    await eventually(() => other.read('news', { after: 'start', limit: 10 }), isEmpty)
    await other.configure('news', { retention: { maxAgeMs: 100, maxEvents: 9_999 } })
    expect(await stateOf('news')).toMatchObject({ messages: 1, first_seq: 101 })

    const late = await storage.log()
    expect(await late.read('news', { after: end, limit: 10 })).toMatchObject({
      entries: [],
      ended: true,
      head: 101,
    })
    expect(await late.read('news', { after: end, limit: 10 })).not.toHaveProperty('invalid')
    const forged = { ...end, check: '----' }
    expect(await late.read('news', { after: forged, limit: 10 })).toMatchObject({
      invalid: 'unknown',
      after: end,
    })
    expect(await late.read('news', { after: positions[5] ?? end, limit: 10 })).toMatchObject({
      invalid: 'expired',
      after: end,
    })
    await expect(late.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
  })

  test('keeps keyed messages for as long as their keys hold', async () => {
    await log.append('news', entry('before'))
    const first = await log.append('news', entry('keyed'), { idempotencyKey: 'k' })
    await Promise.all(Array.from({ length: 300 }, () => log.append('news', entry())))
    await log.configure('news', { retention: { maxEvents: 5 } })
    expect(await log.read('news', { after: 'start', limit: 0 })).toMatchObject({ first: 298 })
    // All of them are young: that is what is known without looking at each.
    expect((await stateOf('news')).first_seq).toBeLessThanOrEqual(first.offset)
    const late = await storage.log()
    expect(await late.append('news', entry(), { idempotencyKey: 'k' })).toEqual(first)
  })

  test('counts bytes of payload, whatever messages have beside it', async () => {
    await log.configure('news', { retention: { maxBytes: 3_000 } })
    const topics = ['a long topic that is no payload', 'another one']
    for (let made = 0; made < 200; made += 1) await log.append('news', entry('ä'.repeat(50), { topics }))
    const result = await log.read('news', { after: 'start', limit: 1_000 })
    expect(result.first).toBe(171)
    expect(result.entries).toHaveLength(30)
    const large = await log.append('news', entry('x'.repeat(10_000)))
    expect(await log.read('news', { after: 'start', limit: 10 })).toMatchObject({ first: large.offset })
  })

  test('tells a reader that lags how far it is behind', async () => {
    const listener = await listen(log, 'news')
    storage.proxy.cut()
    const writer = await storage.log()
    await writer.configure('news', { retention: { maxEvents: 3 } })
    await append(writer, 'news', 300)
    await listener.until(({ entries }) => entries.at(-1)?.offset === 301)
    const offsets = listener.entries.map(({ offset }) => offset)
    const jumps = offsets.filter((offset, index) => index > 0 && offset !== (offsets[index - 1] ?? 0) + 1)
    expect(jumps).toEqual(listener.resets.map(({ offset }) => offset + 1))
    await listener.stop()
  })

  test('begins anew where somebody has purged the whole stream', async () => {
    const positions = await append(log, 'news', 5)
    const newest = positions.at(-1)
    if (newest === undefined) throw new Error('There are five.')
    const listener = new Listener(log, 'news', newest)
    await storage.api.streams.purge(await storage.stream('news'))
    const other = await storage.log()
    expect(await other.append('news', entry('new'))).toMatchObject({ offset: 1 })
    await listener.until(({ resets, entries }) => resets.length === 1 && entries.length === 1)
    expect(listener.entries[0]).toMatchObject({ offset: 1, data: 'new' })
    expect(await other.read('news', { after: newest, limit: 1 })).toMatchObject({ invalid: 'unknown' })
    await listener.stop()
  })

  test('takes what somebody has purged in part as trimmed', async () => {
    const positions = await append(log, 'news', 10)
    await storage.api.streams.purge(await storage.stream('news'), { seq: 6 })
    const result = await log.read('news', { after: positions[1] as Position, limit: 100 }) // one of ten
    expect(result).toMatchObject({ invalid: 'expired', first: 6, after: positions[4] })
    expect(await log.read('news', { after: positions[4] as Position, limit: 100 })).not.toHaveProperty(
      'invalid',
    )
    expect(await log.append('news', entry())).toMatchObject({ offset: 11 })
  })

  test('lets nobody delete single messages', async () => {
    await append(log, 'news', 3)
    await expect(storage.api.streams.deleteMessage(await storage.stream('news'), 2)).rejects.toThrow(/delete/)
  })

  test('forgets a channel that nobody uses, and only then', async () => {
    const sweeping = await storage.log({ checkMs: 50 })
    const retention = { idleMs: 400 }
    await log.configure('quiet', { retention })
    await log.configure('followed', { retention })
    const quiet = await log.append('quiet', entry())
    const listener = await listen(sweeping, 'followed')
    await eventually(
      () => storage.streams('quiet'),
      (streams) => streams.length === 0,
    )
    // Followed for longer than that, and without one publish.
    await eventually(
      async () => Date.now() - (listener.entries[0]?.at ?? 0),
      (ms) => ms > 1_500,
    )
    expect(listener.resets).toEqual([])
    expect(await storage.streams('followed')).toHaveLength(1)
    expect(await log.read('quiet', { after: quiet, limit: 1 })).toMatchObject({ invalid: 'unknown', head: 0 })
    await listener.stop()
    await eventually(
      () => storage.streams('followed'),
      (streams) => streams.length === 0,
    )
  })

  test('keeps the retention of a channel that is deleted by somebody else', async () => {
    await log.configure('news', { retention: { maxEvents: 2 } })
    await storage.api.streams.delete(await storage.stream('news'))
    await append(log, 'news', 5)
    expect(await log.read('news', { after: 'start', limit: 0 })).toMatchObject({ first: 4, head: 5 })
  })
})
