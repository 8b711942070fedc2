import assert from 'node:assert/strict'
import { checksOf, entries, type LogCase } from '../bench.ts'

export const lossCases: readonly LogCase[] = [
  {
    name: 'knows positions behind a rollback as unknown, also once their offsets are used again',
    needs: ['rollBack'],
    async run(bench) {
      const all = entries(10)
      const positions = await bench.append(all)
      const [kept, lost] = [positions[5], positions[8]]
      assert.ok(kept && lost)
      await bench.harness.rollBack?.(bench.channel, 6)
      const refill = entries(6)
      await bench.append(refill)
      const result = await bench.log.read(bench.channel, { after: lost, limit: 100 })
      assert.equal(result.invalid, 'unknown', 'a lost position is unknown, whatever has its offset now')
      assert.deepEqual(checksOf(result.entries), checksOf([...all.slice(0, 6), ...refill]))
      const valid = await bench.log.read(bench.channel, { after: kept, limit: 100 })
      assert.equal(valid.invalid, undefined, 'a position that was not lost is valid')
      assert.deepEqual(checksOf(valid.entries), checksOf(refill))
    },
  },
  {
    name: 'resets a tail that was behind a rollback, and brings all that there is then',
    needs: ['rollBack'],
    async run(bench) {
      const all = entries(10)
      const positions = await bench.append(all)
      const newest = positions.at(-1)
      assert.ok(newest)
      const follower = bench.tail(newest)
      const last = entries(1)
      await bench.append(last)
      await follower.have(last)
      await bench.harness.rollBack?.(bench.channel, 6)
      const refill = entries(8)
      await bench.append(refill)
      await follower.haveReset()
      await follower.have([...all.slice(0, 6), ...refill])
    },
  },
]
