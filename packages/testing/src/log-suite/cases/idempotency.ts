import assert from 'node:assert/strict'
import { checksOf, entry, type LogCase } from '../bench.ts'

export const idempotencyCases: readonly LogCase[] = [
  {
    name: 'stores one entry per key and gives its position again',
    async run(bench) {
      const one = entry()
      const first = await bench.log.append(bench.channel, one, { idempotencyKey: 'k' })
      await bench.append([entry()])
      const again = await bench.log.append(bench.channel, entry(), { idempotencyKey: 'k' })
      assert.deepEqual(again, first)
      assert.equal((await bench.bounds()).head, 2)
    },
  },
  {
    name: 'stores one of several appends at once with one key',
    async run(bench) {
      const all = Array.from({ length: 10 }, () => entry())
      const positions = await Promise.all(
        all.map((one) => bench.log.append(bench.channel, one, { idempotencyKey: 'k' })),
      )
      for (const position of positions) assert.deepEqual(position, positions[0])
      assert.equal((await bench.bounds()).head, 1)
    },
  },
  {
    name: 'stores one of several appends at once with one key, whichever instance they come from',
    needs: ['share'],
    async run(bench) {
      const logs = [bench.log, await bench.open()]
      const positions = await Promise.all(
        logs.flatMap((log) =>
          [1, 2, 3].map(() => log.append(bench.channel, entry(), { idempotencyKey: 'k' })),
        ),
      )
      for (const position of positions) assert.deepEqual(position, positions[0])
      const { head, entries } = await bench.readAll()
      assert.equal(head, 1)
      assert.deepEqual(checksOf(entries), [positions[0]?.check])
    },
  },
  {
    name: 'keeps keys apart, and those of other channels',
    async run({ log, channel }) {
      const other = `${channel}-other`
      const positions = [
        await log.append(channel, entry(), { idempotencyKey: 'k' }),
        await log.append(channel, entry(), { idempotencyKey: 'K' }),
        await log.append(channel, entry(), { idempotencyKey: '__proto__' }),
        await log.append(other, entry(), { idempotencyKey: 'k' }),
      ]
      assert.deepEqual(
        positions.map(({ offset }) => offset),
        [1, 2, 3, 1],
      )
    },
  },
  {
    name: 'knows a key after its entry was trimmed, and after the end',
    async run(bench) {
      const first = await bench.log.append(bench.channel, entry(), { idempotencyKey: 'k' })
      await bench.log.configure(bench.channel, { retention: { maxEvents: 1 } })
      await bench.append([entry(), entry({ kind: 'end', data: '' })])
      assert.deepEqual(await bench.log.append(bench.channel, entry(), { idempotencyKey: 'k' }), first)
    },
  },
]
