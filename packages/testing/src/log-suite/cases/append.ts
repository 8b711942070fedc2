import assert from 'node:assert/strict'
import { assertDense, checksOf, entries, entry, type LogCase } from '../bench.ts'

const payloads: Readonly<Record<string, string>> = {
  'empty text': '',
  'line breaks of all kinds': 'a\r\nb\rc\nd\n',
  NUL: 'a\0b',
  'all planes of Unicode': 'Grüße, 世界, 🚀, \u2028\u2029, \uFFFF, \u{10FFFF}',
  'JSON with quotes and backslashes': JSON.stringify({ text: '"\\\'`$1%s' }),
  '1 MiB': 'ä'.repeat(512 * 1024),
}

const oddNames = [
  'a b',
  'Grüße/世界',
  '*',
  'a:b',
  'a.b.>',
  '../a',
  '{a}',
  '\'"`;--',
  '__proto__',
  'constructor',
  '%25?#&',
  'A',
  'a',
  '\u{1F680}',
  'n'.repeat(256),
]

export const appendCases: readonly LogCase[] = [
  {
    name: 'gives the positions 1, 2, 3 … of one history, each with the check of its entry',
    async run({ log, channel }) {
      const all = entries(3)
      for (const [index, one] of all.entries()) {
        const position = await log.append(channel, one)
        assert.equal(position.offset, index + 1)
        assert.equal(position.check, one.check)
        assert.match(position.epoch, /^[A-Za-z0-9]{1,6}$/)
      }
    },
  },
  {
    name: 'stores the appends of one instance in the order of the calls, awaited or not',
    async run(bench) {
      const all = entries(200)
      const positions = await Promise.all(all.map((one) => bench.log.append(bench.channel, one)))
      assert.deepEqual(
        positions.map(({ offset }) => offset),
        all.map((_each, index) => index + 1),
      )
      const result = await bench.readAll()
      assertDense(result)
      assert.deepEqual(checksOf(result.entries), checksOf(all))
    },
  },
  {
    name: 'keeps every field as it is',
    async run(bench) {
      const one = entry({
        event: 'order.created',
        data: '{"id":7}',
        topics: ['customer:42', 'é', 'a b'],
        at: 1,
      })
      const other = entry({ at: 1_760_000_000_123 })
      await bench.append([one, other])
      const { entries: stored } = await bench.readAll()
      assert.deepEqual(
        stored.map((each) => ({ ...each, event: each.event, topics: [...each.topics] })),
        [
          { ...one, offset: 1 },
          { ...other, offset: 2, event: undefined },
        ],
      )
    },
  },
  ...Object.entries(payloads).map(([what, data]) => ({
    name: `keeps a payload of ${what}`,
    async run({ log, channel }: Parameters<LogCase['run']>[0]) {
      const { epoch } = await log.append(channel, entry({ data }))
      const result = await log.read(channel, { after: { epoch, offset: 0, check: '0' }, limit: 1 })
      assert.ok(result.entries[0]?.data === data, `the payload (${what}) comes back as it was`)
    },
  })),
  {
    name: 'keeps channels apart, whatever they are called',
    async run(bench) {
      const all = oddNames.map((name) => ({ channel: `${bench.channel}${name}`.slice(-256), one: entry() }))
      await Promise.all(all.map(({ channel, one }) => bench.log.append(channel, one)))
      for (const { channel, one } of all) {
        const { entries: stored, head } = await bench.readAll(channel)
        assert.equal(head, 1, `channel ${JSON.stringify(channel)} has its own entry alone`)
        assert.equal(stored[0]?.check, one.check)
      }
    },
  },
  {
    name: 'serves many channels, each with offsets of its own',
    async run(bench) {
      const channels = Array.from({ length: 100 }, (_each, index) => `${bench.channel}-${index}`)
      const positions = await Promise.all(
        channels.flatMap((channel) => entries(3).map((one) => bench.log.append(channel, one))),
      )
      assert.deepEqual(
        positions.map(({ offset }) => offset),
        channels.flatMap(() => [1, 2, 3]),
      )
    },
  },
  {
    name: 'stores the appends of several instances at once, each once and in its own order',
    needs: ['share'],
    async run(bench) {
      const logs = [bench.log, await bench.open(), await bench.open()]
      const sent = logs.map(() => entries(50))
      const positions = await Promise.all(
        logs.flatMap((log, index) => (sent[index] ?? []).map((one) => log.append(bench.channel, one))),
      )
      const result = await bench.readAll()
      assertDense(result)
      assert.deepEqual(
        checksOf(result.entries).sort(),
        checksOf(sent.flat()).sort(),
        'each entry is stored once',
      )
      for (const { offset, check } of positions)
        assert.equal(result.entries[offset - 1]?.check, check, 'a position is that of its entry')
      for (const own of sent) {
        const mine = new Set(checksOf(own))
        assert.deepEqual(
          checksOf(result.entries).filter((check) => mine.has(check)),
          checksOf(own),
          'the appends of one instance keep their order',
        )
      }
    },
  },
  {
    name: 'rejects with the reason of a signal that has aborted, and stores nothing',
    async run(bench) {
      const reason = new Error('not any more')
      const signal = AbortSignal.abort(reason)
      await assert.rejects(bench.log.append(bench.channel, entry(), { signal }), (error) => error === reason)
      assert.equal((await bench.bounds()).head, 0)
    },
  },
  {
    name: 'stores an append that is aborted while it waits once or not at all',
    async run(bench) {
      const controller = new AbortController()
      const reason = new Error('not any more')
      const one = entry()
      const appending = bench.log.append(bench.channel, one, { signal: controller.signal })
      controller.abort(reason)
      await appending.catch((error: unknown) => assert.equal(error, reason))
      const other = entry()
      await bench.log.append(bench.channel, other)
      const { entries: stored } = await bench.readAll()
      assert.ok(stored.length <= 2)
      assert.deepEqual(checksOf(stored), stored.length === 2 ? checksOf([one, other]) : checksOf([other]))
    },
  },
]
