import { makeChannel, publishAll, serve } from './live.ts'
import { wrapRead } from './wrapped-log.ts'

const clientCount = 60
const eventCount = 1_000

/** A channel of many events whose oldest are trimmed, and what is read of it. */
async function setUp(maxEvents = eventCount) {
  const reads = { pages: 0, entries: 0 }
  const log = wrapRead((read) => async (channel, options) => {
    const result = await read(channel, options)
    if (options.limit > 0) reads.pages += 1
    reads.entries += result.entries.length
    return result
  })
  const channel = makeChannel({ log, retention: { maxEvents } })
  const numbers = Array.from({ length: eventCount + clientCount }, (_each, index) => `${index}`)
  const ids = await publishAll(channel, numbers)
  const server = await serve((stream) => stream.subscribe(channel, { from: 'start' }))
  return { channel, ids, numbers, reads, server }
}

const oldest = clientCount
const cursors: Record<
  string,
  { of: (ids: readonly string[], index: number) => string | undefined; at: (index: number) => number }
> = {
  'a place of its own': { of: (ids, index) => ids[oldest + index], at: (index) => oldest + index + 1 },
  'a place that was trimmed': { of: (ids, index) => ids[index % (oldest - 1)], at: () => oldest },
  'another history': {
    of: (ids, index) => `${ids[0]?.split('.')[0]}.zzzzzz-${(index + 1).toString(36)}-aaaa`,
    at: () => oldest,
  },
  'a place beyond the newest event': {
    of: (ids, index) => ids[0]?.replace(/-1-/, `-zz${index.toString(36)}-`),
    at: () => oldest,
  },
  'an unreadable id': { of: (_ids, index) => `unreadable ${index}`, at: () => oldest },
  'no cursor': { of: () => undefined, at: () => oldest },
}

describe('clients that come back to a long history', () => {
  test.each(Object.entries(cursors))(
    'each with %s, share the pages of the log',
    async (_what, { of, at }) => {
      const { ids, numbers, reads, server } = await setUp()
      const clients = Array.from({ length: clientCount }, (_each, index) => server.connect(of(ids, index)))
      for (const [index, client] of clients.entries()) {
        await client.until(({ data }) => data.at(-1) === numbers.at(-1))
        expect(client.data).toEqual(numbers.slice(at(index)))
      }
      expect(reads.pages).toBeLessThan(40)
      expect(reads.entries).toBeLessThan(6 * eventCount)
    },
  )

  test('one after the other, too', async () => {
    const { ids, numbers, reads, server } = await setUp()
    for (let index = 0; index < clientCount; index += 1) {
      const client = server.connect(index % 2 === 0 ? ids[index % (oldest - 1)] : undefined)
      await client.until(({ data }) => data.at(-1) === numbers.at(-1))
      expect(client.data).toEqual(numbers.slice(oldest))
    }
    expect(reads.pages).toBeLessThan(40)
  })
})

test('a place that is newer than what was read just before is found, too', async () => {
  const { channel, server } = await setUp(10_000)
  const early = server.connect()
  await early.hasData(eventCount + clientCount)
  // More than the ring has, so that the log is asked.
  const ids = await publishAll(channel, Array(1_500).fill('new'))
  for (const [index, id] of ids.slice(100, 105).entries()) {
    const client = server.connect(id)
    await client.hasData(1_399 - index)
    expect(client.json('$ready')).toMatchObject({ resumed: true })
  }
})
