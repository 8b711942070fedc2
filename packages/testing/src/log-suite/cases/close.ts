import assert from 'node:assert/strict'
import { checksOf, entries, entry, type LogCase } from '../bench.ts'

const isLogError = (error: unknown) => {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  assert.match(String(code), /^ERR_SSE_LOG_/, 'a failure of the log has a code ERR_SSE_LOG_…')
  return true
}

export const closeCases: readonly LogCase[] = [
  {
    name: 'ends the tails, and rejects what is called afterwards with a code',
    async run(bench) {
      const { log, channel } = bench
      const positions = await bench.append(entries(2))
      const after = positions.at(-1)
      assert.ok(after)
      const follower = bench.tail(after)
      await bench.within(log.close(), 'the log to close')
      await bench.within(follower.ended, 'the tail to end')
      await assert.rejects(log.append(channel, entry()), isLogError)
      await assert.rejects(log.read(channel, { after: 'start', limit: 1 }), isLogError)
      await assert.rejects(log.configure(channel, { retention: {} }), isLogError)
      await assert.rejects(log.delete(channel), isLogError)
    },
  },
  {
    name: 'may be closed twice',
    async run({ log }) {
      await Promise.all([log.close(), log.close()])
      await log.close()
    },
  },
  {
    name: 'leaves other instances as they are',
    needs: ['share'],
    async run(bench) {
      const other = await bench.open()
      const before = entries(2)
      await bench.append(before)
      const { after } = await bench.bounds(bench.channel, other)
      const follower = bench.tail(after, { log: other })
      await bench.log.close()
      const later = entries(3)
      await bench.append(later, bench.channel, other)
      await follower.have(later)
      const { entries: stored } = await bench.readAll(bench.channel, other)
      assert.deepEqual(checksOf(stored), checksOf([...before, ...later]))
    },
  },
]
