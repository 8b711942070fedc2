import { ControlledLog } from '../../../../test/resume/harness/controlled-log.ts'
import { makeChannel, publishAll, serve } from './live.ts'

describe('notBefore, where the log has lost the place that it names', () => {
  const offsets = { 'used again by another event': 4, 'beyond the newest event': 90 }

  /** A channel of six events, and an id of its history that it does not have. */
  async function setUp(offset: number) {
    const channel = makeChannel()
    const ids = await publishAll(channel, [1, 2, 3, 4, 5, 6])
    const notBefore = ids[0]?.replace(/-1-.*$/, `-${offset.toString(36)}-lost`) ?? ''
    return { channel, ids, notBefore }
  }

  test.each(Object.entries(offsets))(
    '(%s) still keeps back what stands there or before, whatever cursor is brought, and tells so',
    async (_how, offset) => {
      const { channel, ids, notBefore } = await setUp(offset)
      const server = await serve((stream) => stream.subscribe(channel, { from: 'start', notBefore }))
      const forged = `${ids[0]?.slice(0, -4)}XXXX`
      for (const lastEventId of [undefined, ids[0], forged, 'nonsense']) {
        const client = server.connect(lastEventId)
        await client.has('$ready')
        const [next = ''] = await publishAll(channel, ['next'])
        await client.until(({ lastEventId: id }) => id === next)
        expect(client.data.filter((text) => Number(text) <= offset)).toEqual([])
        expect(client.data.at(-1)).toBe('next')
        expect(client.control).toEqual(['$gap', '$ready'])
        expect(client.json('$gap')).toEqual({ channel: channel.name, reason: 'unknown', missed: null })
        expect(client.json('$ready')).toMatchObject({ resumed: false })
        client.leave()
      }
    },
  )

  test('leaves a client where it is that has come past it, or has everything', async () => {
    for (const [offset, at] of [
      [offsets['used again by another event'], 4],
      [offsets['beyond the newest event'], 5],
    ] as const) {
      const { channel, ids, notBefore } = await setUp(offset)
      const server = await serve((stream) => stream.subscribe(channel, { notBefore }))
      const client = server.connect(ids[at])
      await client.has('$ready')
      await publishAll(channel, ['next'])
      await client.until(({ data }) => data.at(-1) === 'next')
      expect(client.control).toEqual(['$ready'])
      expect(client.json('$ready')).toMatchObject({ resumed: true })
      expect(client.data).toEqual([...[1, 2, 3, 4, 5, 6].slice(at + 1).map(String), 'next'])
    }
  })

  test('keeps a client from its own place on, not from the oldest event', async () => {
    const { channel, ids, notBefore } = await setUp(4)
    const server = await serve((stream) => stream.subscribe(channel, { notBefore }))
    const client = server.connect(ids[1])
    await client.hasData(2)
    expect(client.events.map(({ event, id }) => [event, id])).toEqual([
      ['$gap', undefined],
      ['$ready', ids[1]],
      [undefined, ids[4]],
      [undefined, ids[5]],
    ])
  })

  test('takes what a snapshot stands for as before', async () => {
    const { channel, ids, notBefore } = await setUp(90)
    const server = await serve((stream) =>
      stream.subscribe(channel, {
        notBefore,
        snapshot: () => ({ events: [{ data: 'state' }], position: ids[3] ?? '' }),
      }),
    )
    const client = server.connect(ids[0])
    await client.hasData(3)
    expect(client.control).toEqual(['$gap', '$ready'])
    expect(client.data).toEqual(['state', '5', '6'])
  })

  test('holds back nothing that is published afterwards', async () => {
    const log = new ControlledLog()
    const channel = makeChannel({ log })
    const ids = await publishAll(channel, ['a', 'b', 'c', 'd', 'e', 'f'])
    const server = await serve((stream) => stream.subscribe(channel, { notBefore: ids[5] ?? '' }))
    const connected = server.connect()
    await connected.has('$ready')
    log.rollBack(channel.name, 3)
    await connected.has('$ready', 2)
    const fresh = server.connect()
    await fresh.has('$ready')
    // They get the offsets of what was lost.
    await publishAll(channel, ['g', 'h'])
    for (const client of [connected, fresh]) await client.hasData(2)
    expect(connected.control).toEqual(['$ready', '$gap', '$ready'])
    expect(fresh.control).toEqual(['$ready'])
    for (const { data } of [connected, fresh]) expect(data).toEqual(['g', 'h'])
    const back = server.connect(fresh.lastEventId)
    await back.has('$ready')
    expect(back.json('$ready')).toMatchObject({ resumed: true })
  })
})
