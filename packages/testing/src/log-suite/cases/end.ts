import assert from 'node:assert/strict'
import { type Bench, entries, entry, type LogCase } from '../bench.ts'

const ended = { code: 'ERR_SSE_CHANNEL_ENDED' }

function end(bench: Bench, fields = {}) {
  return bench.log.append(bench.channel, entry({ kind: 'end', data: '', ...fields }))
}

export const endCases: readonly LogCase[] = [
  {
    name: 'takes no more entries, and says so to readers',
    async run(bench) {
      await bench.append(entries(2))
      assert.equal((await bench.bounds()).ended, false)
      const position = await end(bench)
      assert.equal(position.offset, 3)
      await assert.rejects(bench.log.append(bench.channel, entry()), ended)
      await assert.rejects(end(bench), ended)
      const result = await bench.readAll()
      assert.equal(result.ended, true)
      assert.equal(result.entries.at(-1)?.kind, 'end')
      assert.equal(result.head, 3)
    },
  },
  {
    name: 'lets nothing through behind the mark, however many appends there are at once',
    async run(bench) {
      const calls = [entry(), entry(), entry({ kind: 'end', data: '' }), entry(), entry()]
      const results = await Promise.allSettled(calls.map((one) => bench.log.append(bench.channel, one)))
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
      )
      assert.equal((await bench.bounds()).head, 3)
    },
  },
  {
    name: 'is the end for other instances too',
    needs: ['share'],
    async run(bench) {
      const other = await bench.open()
      await end(bench)
      await assert.rejects(other.append(bench.channel, entry()), ended)
      assert.equal((await bench.bounds(bench.channel, other)).ended, true)
    },
  },
  {
    name: 'is the end of its own channel only',
    async run(bench) {
      await end(bench)
      await bench.log.append(`${bench.channel}-other`, entry())
      assert.equal((await bench.bounds(`${bench.channel}-other`)).ended, false)
    },
  },
  {
    name: 'outlives its mark when that is trimmed',
    async run(bench) {
      await bench.log.configure(bench.channel, { retention: { maxAgeMs: 100 } })
      const old = { at: Date.now() - 60_000 }
      await bench.append([entry(old)])
      await end(bench, old)
      // A log that trims with appends alone keeps the mark for ever, which is as good.
      const deadline = performance.now() + 500
      await bench.until(
        () => bench.bounds(),
        ({ first }) => first === 3 || performance.now() > deadline,
        'the mark to be trimmed',
      )
      assert.equal((await bench.bounds()).ended, true)
      await assert.rejects(bench.log.append(bench.channel, entry()), ended)
    },
  },
]
