import { createHistory, type Fault, type History, type RecordedConnection } from '@rivulet/testing'

/** A channel that stores what it is given, as far as the history needs one. */
function fakeChannel(name: string, tag: string) {
  let count = 0
  let epoch = 'E1'
  return {
    name,
    start: () => `${tag}.${epoch}-0-0`,
    async publish(_fields: unknown): Promise<{ readonly id: string }> {
      count += 1
      return { id: `${tag}.${epoch}-${count}-c${count}` }
    },
    async end() {},
    beginAnew() {
      epoch = 'E2'
      count = 0
    },
  }
}

type FakeChannel = ReturnType<typeof fakeChannel>

async function publish(history: History, channel: FakeChannel, data: string, topics: readonly string[] = []) {
  const { id } = await history.publish(channel, { data, topics })
  return { event: 'message', data, id }
}

function ready(channel: string, id: string, resumed = false) {
  return { event: '$ready', data: JSON.stringify({ channel, resumed, first: 1, head: 0 }), id }
}

function gap(channel: string, reason: string, missed: number | null = null) {
  return { event: '$gap', data: JSON.stringify({ channel, reason, missed }) }
}

interface Story {
  readonly history: History
  readonly orders: FakeChannel
  readonly other: FakeChannel
}

function story(): Story {
  return {
    history: createHistory(),
    orders: fakeChannel('orders', 'ordrs'),
    other: fakeChannel('other', 'other'),
  }
}

/** A client that is subscribed to all orders and ready at their beginning. */
function listener({ history, orders }: Story, options = {}): RecordedConnection {
  const connection = history.client('reader').connect().subscribe('orders', options)
  connection.received(ready('orders', orders.start()))
  return connection
}

function receive(
  connection: RecordedConnection,
  blocks: readonly { event: string; data: string; id?: string }[],
) {
  for (const block of blocks) connection.received(block)
}

async function five(told: Story) {
  const all = []
  for (const data of ['one', 'two', 'three', 'four', 'five'])
    all.push(await publish(told.history, told.orders, data))
  const [one, two, three, four, last] = all
  if (!one || !two || !three || !four || !last) throw new Error('five events')
  return { all, one, two, three, four, last }
}

describe('what is exact', () => {
  test('everything in order', async () => {
    const told = story()
    const { all } = await five(told)
    receive(listener(told), all)
    expect(told.history.check()).toEqual({ verdict: 'exact' })
    expect(() => told.history.assertExact()).not.toThrow()
  })

  test('resumed behind the last complete id, whatever was cut off', async () => {
    const told = story()
    const { one, two, three, four, last } = await five(told)
    const client = told.history.client('reader')
    const first = client.connect().subscribe('orders')
    receive(first, [ready('orders', told.orders.start()), one, two])
    first.push(Buffer.from(`id: ${three.id}\ndata: thr`))
    first.cut()
    first.received(four)
    expect(client.lastEventId).toBe(two.id)
    receive(client.connect().subscribe('orders'), [ready('orders', two.id, true), three, four, last])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('bytes cut anywhere', async () => {
    const told = story()
    const one = await publish(told.history, told.orders, 'one')
    const connection = told.history.client().connect().subscribe('orders')
    const start = ready('orders', told.orders.start())
    const text = `: hello\n\nid: ${start.id}\nevent: $ready\ndata: ${start.data}\n\nid: ${one.id}\ndata: one\n\n`
    for (const byte of Buffer.from(text)) connection.push(Buffer.from([byte]))
    expect(told.history.check()).toEqual({ verdict: 'exact' })
    expect(connection.problems).toEqual([])
  })

  test('only the events of the topics, with $cursor over the others', async () => {
    const told = story()
    const red = await publish(told.history, told.orders, 'one', ['red'])
    const blue = await publish(told.history, told.orders, 'two', ['blue'])
    const connection = listener(told, { topics: ['red'] })
    receive(connection, [red, { event: '$cursor', data: '{}', id: blue.id }])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('other topics from a position on', async () => {
    const told = story()
    const one = await publish(told.history, told.orders, 'one', ['red'])
    await publish(told.history, told.orders, 'two', ['red'])
    const three = await publish(told.history, told.orders, 'three', ['blue'])
    const connection = listener(told, { topics: ['red'] })
    connection.setTopics('orders', ['blue'], one.id)
    receive(connection, [one, three])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('two channels whose ids carry both cursors', async () => {
    const told = story()
    const one = await publish(told.history, told.orders, 'one')
    const two = await publish(told.history, told.other, 'two')
    const connection = told.history.client().connect().subscribe('orders').subscribe('other')
    receive(connection, [
      ready('orders', told.orders.start()),
      ready('other', `${told.orders.start()}_${told.other.start()}`),
      { ...one, id: `${one.id}_${told.other.start()}` },
      { ...two, id: `${one.id}_${two.id}` },
    ])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('a gap where events were trimmed, with its count', async () => {
    const told = story()
    told.history.keeps('orders', 2)
    const client = told.history.client()
    receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start())])
    const { three, four, last } = await five(told)
    const second = client.connect().subscribe('orders')
    receive(second, [gap('orders', 'expired', 3), ready('orders', three.id), four, last])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('a lost history, told', async () => {
    const told = story()
    const connection = listener(told)
    connection.received(await publish(told.history, told.orders, 'one'))
    told.history.lost('orders')
    told.orders.beginAnew()
    const two = await publish(told.history, told.orders, 'two')
    receive(connection, [gap('orders', 'unknown'), ready('orders', told.orders.start()), two])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('a history rolled back behind what a client has', async () => {
    const told = story()
    const connection = listener(told)
    const one = await publish(told.history, told.orders, 'one')
    await publish(told.history, told.orders, 'two')
    connection.received(one)
    told.history.lost('orders', one.id)
    connection.received(await publish(told.history, told.orders, 'three'))
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('a snapshot instead of history', async () => {
    const told = story()
    const { three, four, last } = await five(told)
    const connection = told.history.client().connect().subscribe('orders', { snapshot: true })
    const state = { event: 'state', data: 'all of it' }
    receive(connection, [state, ready('orders', three.id), four, last])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('only the newest of a key where that was asked for', async () => {
    const told = story()
    const { two } = await five(told)
    receive(listener(told, { coalesce: () => 'same' }), [two])
    expect(told.history.check()).toMatchObject({ verdict: 'hole' })
    const again = story()
    const all = await five(again)
    receive(listener(again, { coalesce: () => 'same' }), [all.last])
    expect(again.history.check()).toEqual({ verdict: 'exact' })
  })

  test.each(['comes', 'does not come'])('an event whose publish rejected and that %s', async (how) => {
    const told = story()
    const failing = { name: 'orders', publish: () => Promise.reject(new Error('no answer')) }
    await expect(told.history.publish(failing, { data: 'maybe' })).rejects.toThrow('no answer')
    const one = await publish(told.history, told.orders, 'one')
    const maybe = { event: 'message', data: 'maybe', id: 'ordrs.E1-9-c9' }
    receive(listener(told), how === 'comes' ? [maybe, one] : [one])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('published again with its idempotency key', async () => {
    const told = story()
    const failing = { name: 'orders', publish: () => Promise.reject(new Error('no answer')) }
    const fields = { data: 'once', idempotencyKey: 'k' }
    await expect(told.history.publish(failing, fields)).rejects.toThrow('no answer')
    const { id } = await told.history.publish(told.orders, fields)
    receive(listener(told), [{ event: 'message', data: 'once', id }])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('an ended channel', async () => {
    const told = story()
    const one = await publish(told.history, told.orders, 'one')
    await told.history.end(told.orders)
    receive(listener(told), [one, { event: '$end', data: '{}', id: `${one.id}.end` }])
    expect(told.history.check()).toEqual({ verdict: 'exact' })
  })

  test('what another process published, in the order of the log', () => {
    const history = createHistory()
    history.published('orders', { event: 'made', data: { n: 1 } }, 'ordrs.E1-1-aaaa')
    const connection = history.client().connect().subscribe('orders', { from: 'start' })
    connection.received(ready('orders', 'ordrs.E1-0-0'))
    connection.received({ event: 'made', data: '{"n":1}', id: 'ordrs.E1-1-aaaa' })
    expect(history.check()).toEqual({ verdict: 'exact' })
  })
})

/** Histories with exactly one thing wrong. */
const wrong: Record<string, readonly [Fault, (told: Story) => Promise<void>]> = {
  'an event is missing between two': [
    'hole',
    async (told) => {
      const { one, three } = await five(told)
      receive(listener(told), [one, three])
    },
  ],
  'the last event is missing on an open connection': [
    'hole',
    async (told) => {
      const { one, two, three, four } = await five(told)
      receive(listener(told), [one, two, three, four])
    },
  ],
  'a gap skips events that are still there': [
    'hole',
    async (told) => {
      told.history.keeps('orders', 3)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start())])
      const { four, last } = await five(told)
      const second = client.connect().subscribe('orders')
      receive(second, [gap('orders', 'expired', 4), ready('orders', four.id), last])
    },
  ],
  'an event came twice': [
    'duplicate',
    async (told) => {
      const { one, two } = await five(told)
      receive(listener(told), [one, two, two])
    },
  ],
  'an event came again after a reconnect': [
    'duplicate',
    async (told) => {
      const { one, two, three, four, last } = await five(told)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start()), one, two])
      const second = client.connect().subscribe('orders')
      receive(second, [ready('orders', two.id, true), two, three, four, last])
    },
  ],
  'two events changed places': [
    'reordering',
    async (told) => {
      const { one, two, three, four, last } = await five(told)
      receive(listener(told), [one, three, two, four, last])
    },
  ],
  'a resumed client misses an event': [
    'unannounced gap',
    async (told) => {
      const { one, two, four, last } = await five(told)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start()), one])
      receive(client.connect().subscribe('orders'), [ready('orders', one.id, true), four, last])
      void two
    },
  ],
  'a client with a cursor begins anew without being told': [
    'unannounced gap',
    async (told) => {
      const { one, four, last } = await five(told)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start()), one])
      receive(client.connect().subscribe('orders'), [ready('orders', four.id), last])
    },
  ],
  'a lost history goes on without a word': [
    'unannounced gap',
    async (told) => {
      const connection = listener(told)
      connection.received(await publish(told.history, told.orders, 'one'))
      told.history.lost('orders')
      told.orders.beginAnew()
      connection.received(await publish(told.history, told.orders, 'two'))
    },
  ],
  'a client of a lost history hears nothing': [
    'unannounced gap',
    async (told) => {
      const connection = listener(told)
      connection.received(await publish(told.history, told.orders, 'one'))
      told.history.lost('orders')
    },
  ],
  'a gap where nothing was trimmed': [
    'false gap',
    async (told) => {
      const { one, two, three, four, last } = await five(told)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start()), one])
      const second = client.connect().subscribe('orders')
      receive(second, [gap('orders', 'expired'), ready('orders', one.id), two, three, four, last])
    },
  ],
  'a gap says the history is lost, which is not': [
    'false gap',
    async (told) => {
      const { one, all } = await five(told)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start()), one])
      const second = client.connect().subscribe('orders')
      receive(second, [gap('orders', 'unknown'), ready('orders', told.orders.start()), ...all])
    },
  ],
  'a gap counts wrong': [
    'false gap',
    async (told) => {
      told.history.keeps('orders', 2)
      const client = told.history.client()
      receive(client.connect().subscribe('orders'), [ready('orders', told.orders.start())])
      const { three, four, last } = await five(told)
      const second = client.connect().subscribe('orders')
      receive(second, [gap('orders', 'expired', 2), ready('orders', three.id), four, last])
    },
  ],
  'an event that nobody published': [
    'never published',
    async (told) => {
      const { one } = await five(told)
      receive(listener(told), [one, { event: 'message', data: 'invented', id: 'ordrs.E1-2-c2' }])
    },
  ],
  'an event of other topics': [
    'outside of the topics',
    async (told) => {
      const blue = await publish(told.history, told.orders, 'two', ['blue'])
      receive(listener(told, { topics: ['red'] }), [blue])
    },
  ],
  'an event that the filter refuses': [
    'outside of the topics',
    async (told) => {
      const one = await publish(told.history, told.orders, 'one')
      receive(listener(told, { hears: () => false }), [one])
    },
  ],
  'an event from before what may be sent': [
    'outside of the topics',
    async (told) => {
      const { one, two } = await five(told)
      receive(listener(told, { notBefore: two.id }), [one])
    },
  ],
  'an event of the old topics behind the change': [
    'outside of the topics',
    async (told) => {
      const one = await publish(told.history, told.orders, 'one', ['red'])
      const two = await publish(told.history, told.orders, 'two', ['red'])
      const connection = listener(told, { topics: ['red'] })
      connection.setTopics('orders', ['blue'], one.id)
      receive(connection, [one, two])
    },
  ],
  'an event came with the id of another': [
    'wrong cursor',
    async (told) => {
      const { one, two, three, four, last } = await five(told)
      receive(listener(told), [one, { ...two, id: three.id }, three, four, last])
    },
  ],
  '$cursor runs ahead of what came': [
    'wrong cursor',
    async (told) => {
      const { one, three } = await five(told)
      receive(listener(told), [one, { event: '$cursor', data: '{}', id: three.id }])
    },
  ],
  'the other cursor of an id runs back': [
    'wrong cursor',
    async (told) => {
      const one = await publish(told.history, told.orders, 'one')
      const two = await publish(told.history, told.orders, 'two')
      const three = await publish(told.history, told.other, 'three')
      const connection = told.history.client().connect().subscribe('orders').subscribe('other')
      receive(connection, [
        ready('orders', told.orders.start()),
        ready('other', `${told.orders.start()}_${told.other.start()}`),
        { ...one, id: `${one.id}_${told.other.start()}` },
        { ...two, id: `${two.id}_${told.other.start()}` },
        { ...three, id: `${one.id}_${three.id}` },
      ])
    },
  ],
  '$gap carries an id': [
    'wrong cursor',
    async (told) => {
      const { one } = await five(told)
      receive(listener(told), [{ ...gap('orders', 'slow'), id: one.id }])
    },
  ],
  'an event before $ready': [
    'wrong opening',
    async (told) => {
      const { one } = await five(told)
      receive(told.history.client().connect().subscribe('orders'), [one])
    },
  ],
  'an event between $gap and $ready': [
    'wrong opening',
    async (told) => {
      told.history.keeps('orders', 1)
      const { one } = await five(told)
      receive(listener(told), [gap('orders', 'slow', 4), one])
    },
  ],
  'a second $ready': [
    'wrong opening',
    async (told) => {
      await five(told)
      receive(listener(told), [ready('orders', told.orders.start())])
    },
  ],
  'no $ready at all': [
    'silence',
    async (told) => {
      await five(told)
      told.history.client().connect().subscribe('orders')
    },
  ],
  '$end of a channel that goes on': [
    'false end',
    async (told) => {
      const { all } = await five(told)
      receive(listener(told), [...all, { event: '$end', data: '{}' }])
    },
  ],
  '$end before the last event': [
    'hole',
    async (told) => {
      const { one } = await five(told)
      await told.history.end(told.orders)
      receive(listener(told), [one, { event: '$end', data: '{}' }])
    },
  ],
}

describe('what is wrong', () => {
  test.each(Object.entries(wrong))('%s', async (_name, [fault, tell]) => {
    const told = story()
    await tell(told)
    const verdict = told.history.check()
    expect(verdict).toMatchObject({ verdict: fault })
    expect(() => told.history.assertExact()).toThrow(`${fault}: `)
  })

  test('names the client, the connection and the event', async () => {
    const told = story()
    const { one, two, three } = await five(told)
    receive(listener(told), [one, three])
    expect(told.history.check()).toEqual({
      verdict: 'hole',
      client: 'reader',
      connection: 1,
      message: `reader, connection 1 (brought no id): hole: message two (${two.id}) is missing before message three`,
    })
  })
})

test('refuses two events that nobody could tell apart', async () => {
  const told = story()
  await publish(told.history, told.orders, 'same')
  await expect(publish(told.history, told.orders, 'same')).rejects.toThrow('data of its own')
})

describe('the log in the end', () => {
  function logged(...data: string[]) {
    return data.map((each) => ({ kind: 'event' as const, data: each }))
  }

  test('settles the order of several publishers', async () => {
    const one = story()
    const connection = listener(one)
    const first = await publish(one.history, one.orders, 'called first')
    const second = await publish(one.history, one.orders, 'called second')
    receive(connection, [second, first])
    expect(one.history.check()).toMatchObject({ verdict: 'reordering' })
    one.history.settled('orders', logged('called second', 'called first'))
    one.history.assertExact()
  })

  test.each([
    { outcome: 'was stored', log: ['rejected', 'later'], verdict: 'unannounced gap' },
    { outcome: 'was not stored', log: ['later'], verdict: 'exact' },
  ])('tells that an event whose publish rejected $outcome', async ({ log, verdict }) => {
    const one = story()
    const connection = listener(one)
    const failing = { ...one.orders, publish: () => Promise.reject(new Error('cut off')) }
    await expect(one.history.publish(failing, { data: 'rejected' })).rejects.toThrow('cut off')
    receive(connection, [await publish(one.history, one.orders, 'later')])
    one.history.settled('orders', logged(...log))
    expect(one.history.check().verdict).toBe(verdict)
  })

  test('throws for an acknowledged event that is not in it, and for one that is in it twice', async () => {
    const one = story()
    await publish(one.history, one.orders, 'acknowledged')
    expect(() => one.history.settled('orders', [])).toThrow(/acknowledged is not in the log of orders/)
    expect(() => one.history.settled('orders', logged('acknowledged', 'acknowledged'))).toThrow(/twice/)
    expect(() => one.history.settled('orders', logged('acknowledged', 'foreign'))).toThrow(/never published/)
  })
})
