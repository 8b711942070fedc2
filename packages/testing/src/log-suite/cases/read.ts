import assert from 'node:assert/strict'
import { checksOf, entries, entry, type LogCase, startOf } from '../bench.ts'

export const readCases: readonly LogCase[] = [
  {
    name: 'gives the bounds of a channel that nobody has touched, and makes its epoch',
    async run(bench) {
      const result = await bench.readAll()
      assert.match(result.epoch, /^[A-Za-z0-9]{1,6}$/)
      assert.deepEqual(
        { ...result, epoch: 'any' },
        {
          entries: [],
          first: 1,
          head: 0,
          epoch: 'any',
          after: startOf({ epoch: result.epoch }),
          ended: false,
        },
      )
      const position = await bench.log.append(bench.channel, entry())
      assert.equal(position.epoch, result.epoch, 'the epoch that a read made is that of the entries')
    },
  },
  {
    name: 'gives the same epoch to all instances',
    needs: ['share'],
    async run(bench) {
      const other = await bench.open()
      const [mine, theirs] = await Promise.all([bench.bounds(), bench.bounds(bench.channel, other)])
      assert.equal(mine.epoch, theirs.epoch)
      assert.equal((await other.append(bench.channel, entry())).epoch, mine.epoch)
      assert.equal((await bench.log.append(bench.channel, entry())).epoch, mine.epoch)
    },
  },
  {
    name: 'begins at the oldest entry, behind the newest, or behind a position',
    async run(bench) {
      const all = entries(5)
      const positions = await bench.append(all)
      const second = positions[1]
      assert.ok(second)
      const start = await bench.readAll()
      assert.deepEqual(checksOf(start.entries), checksOf(all))
      assert.deepEqual(start.after, startOf(start))
      const head = await bench.log.read(bench.channel, { after: 'head', limit: 10 })
      assert.deepEqual(head.entries, [])
      assert.deepEqual(head.after, positions.at(-1))
      const behind = await bench.log.read(bench.channel, { after: second, limit: 10 })
      assert.deepEqual(checksOf(behind.entries), checksOf(all.slice(2)))
      assert.deepEqual(
        behind.entries.map(({ offset }) => offset),
        [3, 4, 5],
      )
      assert.deepEqual(behind.after, second)
      for (const { first, head: newest, invalid } of [start, head, behind]) {
        assert.deepEqual([first, newest, invalid], [1, 5, undefined])
      }
    },
  },
  {
    name: 'gives as many entries as asked for, while there are',
    async run(bench) {
      const all = entries(7)
      await bench.append(all)
      for (const limit of [0, 1, 6, 7, 8, 1_000]) {
        const result = await bench.log.read(bench.channel, { after: 'start', limit })
        assert.deepEqual(checksOf(result.entries), checksOf(all.slice(0, limit)))
        assert.equal(result.head, 7)
      }
    },
  },
  {
    name: 'gives pages that join without a seam',
    async run(bench) {
      const all = entries(25)
      await bench.append(all)
      let { after } = await bench.log.read(bench.channel, { after: 'start', limit: 0 })
      const seen: string[] = []
      for (let page = 0; page < 10; page += 1) {
        const { entries: some, epoch } = await bench.log.read(bench.channel, { after, limit: 4 })
        seen.push(...checksOf(some))
        const last = some.at(-1)
        if (last === undefined) break
        after = { epoch, offset: last.offset, check: last.check }
      }
      assert.deepEqual(seen, checksOf(all))
    },
  },
  {
    name: 'takes the position before the first entry and that of the newest',
    async run(bench) {
      const positions = await bench.append(entries(3))
      const newest = positions.at(-1)
      assert.ok(newest)
      const atStart = await bench.log.read(bench.channel, { after: startOf(newest), limit: 10 })
      assert.equal(atStart.invalid, undefined)
      assert.equal(atStart.entries.length, 3)
      const atHead = await bench.log.read(bench.channel, { after: newest, limit: 10 })
      assert.equal(atHead.invalid, undefined)
      assert.deepEqual(atHead.entries, [])
    },
  },
  {
    name: 'says unknown of a position in another history, with another check, or beyond the head',
    async run(bench) {
      const all = entries(3)
      const positions = await bench.append(all)
      const newest = positions.at(-1)
      assert.ok(newest)
      const { epoch, check } = newest
      const wrong = [
        { ...newest, epoch: epoch === 'Q' ? 'R' : 'Q' },
        { ...newest, check: '----' },
        { ...newest, check: '0' },
        { epoch, offset: 0, check },
        { epoch, offset: 4, check },
        { epoch, offset: Number.MAX_SAFE_INTEGER, check },
        { epoch: 'Q', offset: 0, check: '0' },
      ]
      for (const after of wrong) {
        const result = await bench.log.read(bench.channel, { after, limit: 10 })
        assert.equal(result.invalid, 'unknown', `${JSON.stringify(after)} is unknown`)
        assert.deepEqual(result.after, startOf({ epoch }), 'what is given then begins at the oldest entry')
        assert.deepEqual(checksOf(result.entries), checksOf(all))
      }
    },
  },
  {
    name: 'rejects with the reason of a signal that has aborted',
    async run({ log, channel }) {
      const reason = new Error('not any more')
      const signal = AbortSignal.abort(reason)
      await assert.rejects(
        log.read(channel, { after: 'start', limit: 1, signal }),
        (error) => error === reason,
      )
    },
  },
  {
    name: 'gives while others append what the log really had at some time',
    async run(bench) {
      const all = entries(60)
      const appending = Promise.all(all.map((one) => bench.log.append(bench.channel, one)))
      for (let round = 0; round < 10; round += 1) {
        const { entries: some, head } = await bench.readAll()
        assert.equal(some.length, head)
        assert.deepEqual(checksOf(some), checksOf(all.slice(0, head)))
      }
      await appending
    },
  },
]
