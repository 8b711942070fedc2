import assert from 'node:assert/strict'
import { checksOf, entries, entry, type LogCase, startOf } from '../bench.ts'

export const deleteCases: readonly LogCase[] = [
  {
    name: 'begins another history, with another epoch and offsets from 1',
    async run(bench) {
      const positions = await bench.append(entries(3))
      const newest = positions.at(-1)
      assert.ok(newest)
      await bench.log.delete(bench.channel)
      const empty = await bench.readAll()
      assert.notEqual(empty.epoch, newest.epoch, 'the epoch changes')
      assert.deepEqual([empty.first, empty.head, empty.entries.length], [1, 0, 0])
      const all = entries(3)
      const [first] = await bench.append(all)
      assert.deepEqual([first?.offset, first?.epoch], [1, empty.epoch])
      for (const after of [newest, startOf(newest)]) {
        const result = await bench.log.read(bench.channel, { after, limit: 10 })
        assert.equal(result.invalid, 'unknown', 'a position of the old history is unknown')
        assert.deepEqual(checksOf(result.entries), checksOf(all))
      }
    },
  },
  {
    name: 'forgets the end and the idempotency keys',
    async run(bench) {
      await bench.log.append(bench.channel, entry(), { idempotencyKey: 'k' })
      await bench.append([entry({ kind: 'end', data: '' })])
      await bench.log.delete(bench.channel)
      assert.equal((await bench.bounds()).ended, false)
      const one = entry()
      const { check, offset } = await bench.log.append(bench.channel, one, { idempotencyKey: 'k' })
      assert.deepEqual([check, offset], [one.check, 1])
    },
  },
  {
    name: 'leaves other channels alone, and may find nothing to delete',
    async run(bench) {
      const other = `${bench.channel}-other`
      await bench.append(entries(2), other)
      await bench.append(entries(2))
      await bench.log.delete(bench.channel)
      await bench.log.delete(`${bench.channel}-never`)
      assert.equal((await bench.bounds(other)).head, 2)
    },
  },
  {
    name: 'is seen by other instances and their tails',
    needs: ['share'],
    async run(bench) {
      const other = await bench.open()
      const positions = await bench.append(entries(3))
      const newest = positions.at(-1)
      assert.ok(newest)
      const follower = bench.tail(newest, { log: other })
      const last = entry()
      await bench.append([last])
      await follower.have([last])
      await bench.log.delete(bench.channel)
      const all = entries(2)
      await bench.append(all)
      await follower.haveReset()
      await follower.have(all)
      const { epoch } = await bench.bounds(bench.channel, other)
      assert.notEqual(epoch, newest.epoch)
    },
  },
]
