import assert from 'node:assert/strict'
import { assertDense, type Bench, checksOf, entries, entry, type LogCase } from '../bench.ts'

/** Appends until everything that was there before is trimmed by its age. */
async function outlive(bench: Bench, offset: number) {
  return bench.until(
    async () => {
      await bench.log.append(bench.channel, entry({ at: Date.now() }))
      return bench.bounds()
    },
    ({ first }) => first > offset,
    `the entries up to ${offset} to be trimmed by age`,
  )
}

export const retentionCases: readonly LogCase[] = [
  {
    name: 'keeps the newest entries, by their number',
    async run(bench) {
      await bench.log.configure(bench.channel, { retention: { maxEvents: 5 } })
      const all = entries(20)
      await bench.append(all)
      const result = await bench.readAll()
      assert.deepEqual([result.first, result.head], [16, 20])
      assertDense(result)
      assert.deepEqual(checksOf(result.entries), checksOf(all.slice(15)))
    },
  },
  {
    name: 'says expired of what was trimmed, and takes the position right before the oldest entry',
    async run(bench) {
      await bench.log.configure(bench.channel, { retention: { maxEvents: 5 } })
      const positions = await bench.append(entries(20))
      const [lost, last] = [positions[13], positions[14]]
      assert.ok(lost && last)
      const expired = await bench.log.read(bench.channel, { after: lost, limit: 100 })
      assert.equal(expired.invalid, 'expired')
      assert.deepEqual(expired.after, last)
      assert.deepEqual(
        expired.entries.map(({ offset }) => offset),
        [16, 17, 18, 19, 20],
      )
      const valid = await bench.log.read(bench.channel, { after: last, limit: 100 })
      assert.equal(valid.invalid, undefined, 'first - 1 is valid')
      assert.equal(valid.entries.length, 5)
      const forged = await bench.log.read(bench.channel, { after: { ...last, check: '----' }, limit: 1 })
      assert.equal(forged.invalid, 'unknown', 'first - 1 with another check is unknown')
    },
  },
  {
    name: 'keeps the newest entries, by their size, and at least one',
    async run(bench) {
      await bench.log.configure(bench.channel, { retention: { maxBytes: 1_000 } })
      await bench.append(entries(30, { data: 'x'.repeat(100) }))
      const result = await bench.readAll()
      assertDense(result)
      const kept = result.entries.reduce((sum, { data }) => sum + data.length, 0)
      assert.ok(kept <= 1_000, `${kept} bytes are kept`)
      assert.ok(result.entries.length >= 1)
      await bench.append([entry({ data: 'x'.repeat(5_000) })])
      const large = await bench.readAll()
      assert.deepEqual([large.first, large.head], [31, 31])
    },
  },
  {
    name: 'drops entries by their age',
    async run(bench) {
      const positions = await bench.append(entries(3, { at: Date.now() - 60_000 }))
      await bench.log.configure(bench.channel, { retention: { maxAgeMs: 300 } })
      const { epoch } = await outlive(bench, 3)
      const [oldest] = positions
      assert.ok(oldest)
      const expired = await bench.log.read(bench.channel, { after: oldest, limit: 1_000 })
      assert.equal(expired.invalid, 'expired')
      assert.equal(expired.epoch, epoch, 'trimming is no new history')
      assertDense(expired)
    },
  },
  {
    name: 'knows its head after everything was trimmed',
    async run(bench) {
      await bench.log.configure(bench.channel, { retention: { maxAgeMs: 300 } })
      const positions = await bench.append(entries(3, { at: Date.now() - 60_000 }))
      const newest = positions.at(-1)
      assert.ok(newest)
      const result = await bench.until(
        () => bench.log.read(bench.channel, { after: newest, limit: 10 }),
        ({ first }) => first === 4,
        'everything to be trimmed by age',
      )
      assert.equal(result.invalid, undefined, 'the head is valid')
      assert.deepEqual([result.head, result.entries.length, result.after.offset], [3, 0, 3])
      const forged = await bench.log.read(bench.channel, { after: { ...newest, check: '----' }, limit: 1 })
      assert.equal(forged.invalid, 'unknown')
      assert.equal((await bench.log.append(bench.channel, entry())).offset, 4)
    },
  },
  {
    name: 'resets a tail whose position was trimmed, to the oldest entry there is',
    async run(bench) {
      await bench.log.configure(bench.channel, { retention: { maxEvents: 3 } })
      const all = entries(10)
      const positions = await bench.append(all)
      const [oldest] = positions
      assert.ok(oldest)
      const follower = bench.tail(oldest)
      await follower.haveReset()
      await follower.have(all.slice(7))
      assert.deepEqual(follower.resets, [positions[6]])
    },
  },
  {
    name: 'leaves other channels alone, and can be changed',
    async run(bench) {
      const other = `${bench.channel}-other`
      await bench.log.configure(bench.channel, { retention: { maxEvents: 2 } })
      await bench.append(entries(5))
      await bench.append(entries(5), other)
      assert.equal((await bench.readAll(other)).first, 1)
      await bench.log.configure(bench.channel, { retention: { maxEvents: 4 } })
      await bench.append(entries(5))
      const { first, head } = await bench.readAll()
      assert.deepEqual([first, head], [7, 10])
    },
  },
]
