import { createMemoryLog, type SnapshotRequest, type Subscription } from '@rivulet/core'
import { kept } from '../../../../test/support/garbage.ts'
import { makeChannel, publishAll, serve } from './live.ts'

describe('a cursor that cannot be resumed from', () => {
  test('is told as expired, with the exact count where everything is heard', async () => {
    const channel = makeChannel({ retention: { maxEvents: 3 } })
    const subscriptions: Subscription[] = []
    const server = await serve((stream) => subscriptions.push(stream.subscribe(channel)))
    const [first] = await publishAll(channel, [1, 2, 3, 4, 5, 6])
    const client = server.connect(first)
    await client.hasData(3)
    expect(client.control).toEqual(['$gap', '$ready'])
    const gap = { channel: channel.name, reason: 'expired', missed: 2 }
    expect(client.json('$gap')).toEqual(gap)
    expect(client.events[0]?.id).toBeUndefined()
    expect(client.data).toEqual(['4', '5', '6'])
    expect(client.json('$ready')).toMatchObject({ resumed: false, first: 4, head: 6 })
    expect(await subscriptions[0]?.ready).toEqual({ resumed: false, gap })
  })

  test('is told without a count where not everything is heard', async () => {
    const channel = makeChannel({ retention: { maxEvents: 1 } })
    const server = await serve((stream) => stream.subscribe(channel, { topics: ['t'] }))
    const [first] = await publishAll(channel, [1, 2, 3], ['t'])
    const client = server.connect(first)
    await client.hasData(1)
    expect(client.json('$gap')).toMatchObject({ reason: 'expired', missed: null })
  })

  test('of a deleted history is unknown, also while connected', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => stream.subscribe(channel, { topics: ['t'] }))
    const client = server.connect()
    await client.has('$ready')
    await publishAll(channel, ['old'], ['t'])
    await publishAll(channel, ['other'], ['u'])
    await client.hasData(1)
    await channel.delete()
    await publishAll(channel, ['new'], ['t'])
    await client.hasData(2)
    expect(client.control).toEqual(['$ready', '$gap', '$ready'])
    expect(client.json('$gap')).toEqual({ channel: channel.name, reason: 'unknown', missed: null })
    expect(client.data).toEqual(['old', 'new'])
    expect(JSON.parse(client.events.filter(({ event }) => event === '$ready')[1]?.data ?? '')).toMatchObject({
      first: 1,
      resumed: false,
    })
  })

  const names = [
    'forged check',
    'another history',
    'ahead of the head',
    'huge',
    'nonsense',
    '__proto__',
  ] as const

  test.each([...names, 'wrong separators', 'five cursors', 'percent signs', 'a sealed one', 'too long'])(
    'that is untrusted (%s) is told, and leaks nothing',
    async (kind) => {
      const channel = makeChannel()
      const [id = ''] = await publishAll(channel, ['secret'], ['private'])
      const since = (await publishAll(channel, ['before'], ['mine']))[0] ?? ''
      const [last = ''] = await publishAll(channel, ['after'], ['mine'])
      const [tag = ''] = id.split('.')
      const forged: Record<string, string> = {
        'forged check': `${last.slice(0, -4)}zzzz`,
        'another history': `${tag}.zzzzzz-1-zzzz`,
        'ahead of the head': id.replace(/-1-/, '-zz-'),
        huge: id.replace(/-1-/, '-zzzzzzzzzz-'),
        nonsense: 'nonsense',
        ['__proto__']: '__proto__',
        'wrong separators': id.replace('.', ':'),
        'five cursors': Array.from({ length: 5 }, () => id).join('_'),
        'percent signs': '%00%0d%0a%ff',
        'a sealed one': 'A'.repeat(200),
        'too long': 'A'.repeat(2_000),
      }
      const server = await serve((stream) =>
        stream.subscribe(channel, { topics: ['mine'], notBefore: since }),
      )
      const client = server.connect(forged[kind])
      await client.hasData(1)
      expect(client.control).toEqual(['$gap', '$ready'])
      expect(client.json('$gap')).toMatchObject({ reason: 'unknown', missed: null })
      expect(client.data).toEqual(['after'])
      expect(client.status).toBe(200)
      expect(server.errors).toEqual([])
      if (kind !== 'five cursors') expect(JSON.stringify(client.events)).not.toContain(forged[kind])
    },
  )

  test.each(['of another channel', 'empty'])('an id %s is a fresh start', async (kind) => {
    const channel = makeChannel()
    const [other = ''] = await publishAll(makeChannel(), [1])
    const server = await serve((stream) => stream.subscribe(channel))
    const client = server.connect(kind === 'empty' ? '' : other)
    await client.has('$ready')
    await publishAll(channel, ['new'])
    await client.hasData(1)
    expect(client.control).toEqual(['$ready'])
  })
})

describe('a live reader that falls behind retention', () => {
  test('is told as slow, with the count, and goes on', async () => {
    const channel = makeChannel({ retention: { maxEvents: 3 } })
    const server = await serve((stream) => stream.subscribe(channel))
    const client = server.connect()
    await client.has('$ready')
    client.pause()
    const stream = server.streams[0]
    let count = 0
    // Until the kernel takes no more and the reader is behind by more than is kept.
    for (let behind = 0; behind < 10; behind += stream?.bufferedBytes === 0 ? 0 : 1) {
      count += 1
      await channel.publish({ data: { n: count, text: 'x'.repeat(200_000) } })
      await new Promise((resolve) => setImmediate(resolve))
    }
    client.resume()
    await client.until(({ data }) => JSON.parse(data.at(-1) ?? '{}').n === count)
    const numbers = client.data.map((text) => JSON.parse(text).n)
    const gap = client.json('$gap')
    expect(client.control).toEqual(['$ready', '$gap', '$ready'])
    expect(gap).toMatchObject({ reason: 'slow', missed: count - numbers.length })
  })
})

describe('the end', () => {
  test('reaches those who are there, those who come later, and those who come after it was trimmed', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'],
      now: 1_000,
    })
    const channel = makeChannel({ retention: { maxAgeMs: 1_000 } })
    jest.useRealTimers()
    const server = await serve((stream) => stream.subscribe(channel, { from: 'start' }))
    const early = server.connect()
    await early.has('$ready')
    await publishAll(channel, ['one', 'two'])
    await channel.end()
    await channel.end()
    await early.over()
    expect(early.data).toEqual(['one', 'two'])
    expect(early.control).toEqual(['$ready', '$end'])
    await expect(channel.publish({ data: 3 })).rejects.toMatchObject({ code: 'ERR_SSE_CHANNEL_ENDED' })
    const late = server.connect()
    await late.over()
    expect(late.data).toEqual(['one', 'two'])
    expect(late.control).toEqual(['$ready', '$end'])
    const cursor = late.events.at(-2)?.id
    const now = Date.now()
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'],
      now: now + 60_000,
    })
    const last = server.connect()
    await last.over()
    expect(last.data).toEqual([])
    expect(last.control).toEqual(['$ready', '$end'])
    // Had everything but the mark, which is no event: nothing to be told of.
    const complete = server.connect(cursor)
    await complete.over()
    expect(complete.control).toEqual(['$ready', '$end'])
    jest.useRealTimers()
  })

  test('is answered 204 to a client that brings its id', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => stream.subscribe(channel))
    await channel.end()
    const client = server.connect()
    await client.over()
    const again = server.connect(client.lastEventId)
    await again.over()
    expect(again.status).toBe(204)
  })
})

describe('snapshot', () => {
  test('stands in front of what follows, for fresh clients and behind gaps', async () => {
    const channel = makeChannel({ retention: { maxEvents: 2 } })
    const [first = ''] = await publishAll(channel, [1, 2, 3, 4])
    const head = await channel.head()
    const requests: Omit<SnapshotRequest, 'signal'>[] = []
    const server = await serve((stream) =>
      stream.subscribe(channel, {
        async snapshot({ position, reason, lastEventId, signal }) {
          requests.push({ position, reason, lastEventId })
          expect(signal.aborted).toBe(false)
          await channel.publish({ data: 'meanwhile' })
          return [{ event: 'state', data: 'A' }, { data: 'B' }]
        },
      }),
    )
    const fresh = server.connect()
    await fresh.hasData(3)
    expect(fresh.events.map(({ event, data, id }) => [event ?? data, id !== undefined])).toEqual([
      ['state', false],
      ['B', false],
      ['$ready', true],
      ['meanwhile', true],
    ])
    const behind = server.connect(first)
    await behind.hasData(3)
    expect(behind.control).toEqual(['$gap', '$ready'])
    expect(behind.events.map(({ event }) => event)).toEqual(['$gap', 'state', undefined, '$ready', undefined])
    expect(requests.map(({ reason, lastEventId }) => [reason, lastEventId])).toEqual([
      ['fresh', null],
      ['gap', first],
    ])
    expect(requests[0]?.position).toBe(head)
    const resumed = server.connect(behind.lastEventId)
    await resumed.has('$ready')
    expect(requests).toHaveLength(2)
  })

  test('brings its own position where it was read in one transaction with the state', async () => {
    const channel = makeChannel()
    const [, second = ''] = await publishAll(channel, [1, 2, 3])
    const server = await serve((stream) =>
      stream.subscribe(channel, { snapshot: () => ({ events: [{ data: 'state' }], position: second }) }),
    )
    const client = server.connect()
    await client.hasData(2)
    expect(client.data).toEqual(['state', '3'])
  })

  test.each([
    ['throws', () => Promise.reject(new Error('no state'))],
    ['has ids', () => [{ id: 7, data: 'state' }]],
    ['has a position of no history', () => ({ events: [], position: 'forged' })],
    ['has a forged position', (id: string) => ({ events: [], position: id.replace(/-1-/, '-zz-') })],
  ])('that %s closes the stream with reason error, and is reported', async (_how, snapshot) => {
    const channel = makeChannel()
    const [id = ''] = await publishAll(channel, [1])
    const server = await serve((stream) => stream.subscribe(channel, { snapshot: () => snapshot(id) }))
    const client = server.connect()
    await client.over()
    expect(client.control).toEqual([])
    expect(server.streams[0]?.closed).toBe('error')
    expect(server.errors).toHaveLength(1)
  })

  test('of a client that leaves is told by its signal, and sends nothing more', async () => {
    const channel = makeChannel()
    const left = new Promise<void>((resolve) => {
      void serve((stream) =>
        stream.subscribe(channel, {
          async *snapshot({ signal }) {
            yield { data: 'first' }
            await new Promise((aborted) => signal.addEventListener('abort', aborted, { once: true }))
            resolve()
            yield { data: 'second' }
          },
        }),
      ).then(async (server) => {
        const client = server.connect()
        await client.hasData(1)
        client.leave()
      })
    })
    await left
    expect(channel.subscriberCount).toBe(0)
  })
})

describe('cursorSecret', () => {
  const [old, current, foreign] = ['an old secret of ours', 'the current secret', 'somebody else entirely']

  test('seals ids, which resume, also sealed with an earlier secret', async () => {
    const channel = makeChannel()
    const server = await serve((stream) => stream.subscribe(channel, { from: 'start' }), {
      cursorSecret: [current, old],
    })
    const before = await serve((stream) => stream.subscribe(channel, { from: 'start' }), {
      cursorSecret: old,
    })
    await publishAll(channel, [1, 2])
    const first = before.connect()
    await first.hasData(2)
    expect(first.json('$ready')).toMatchObject({ first: null, head: null })
    expect(first.lastEventId).toMatch(/^[A-Za-z0-9_-]+$/)
    first.leave()
    const next = await publishAll(channel, [3])
    const second = server.connect(first.lastEventId)
    await second.hasData(1)
    expect(second.data).toEqual(['3'])
    expect(JSON.stringify(second.events)).not.toContain(next[0])
  })

  test('takes no id that it did not seal', async () => {
    const channel = makeChannel()
    const [plain = ''] = await publishAll(channel, [1, 2])
    const other = await serve((stream) => stream.subscribe(channel, { from: 'start' }), {
      cursorSecret: foreign,
    })
    const theirs = other.connect()
    await theirs.hasData(2)
    const server = await serve((stream) => stream.subscribe(channel), { cursorSecret: current })
    for (const id of [plain, theirs.lastEventId, `${theirs.lastEventId}x`]) {
      const client = server.connect(id)
      await client.hasData(2)
      expect(client.json('$gap')).toMatchObject({ reason: 'unknown' })
      client.leave()
    }
  })
})

test('a channel that nobody holds is collected, and found again as a new one', async () => {
  const log = createMemoryLog()
  const { createChannel } = await import('@rivulet/core')
  const refs = Array.from(
    { length: 50 },
    (_each, index) => new WeakRef(createChannel(`idle ${index}`, { log })),
  )
  expect(await kept(refs)).toEqual([])
  expect(() => createChannel('idle 0', { log, retention: { maxEvents: 3 } })).not.toThrow()
})
