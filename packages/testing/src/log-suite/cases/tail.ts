import assert from 'node:assert/strict'
import { checksOf, entries, entry, type Follower, type LogCase, startOf } from '../bench.ts'

export const tailCases: readonly LogCase[] = [
  {
    name: 'brings what is there behind the position, and everything later, once and in order',
    async run(bench) {
      const before = entries(5)
      const positions = await bench.append(before)
      const after = positions[1]
      assert.ok(after)
      const follower = bench.tail(after)
      const later = entries(50)
      await Promise.all(later.map((one) => bench.log.append(bench.channel, one)))
      await follower.have([...before.slice(2), ...later])
      assert.deepEqual(follower.resets, [])
    },
  },
  {
    name: 'brings what is appended between reading the position and following it',
    async run(bench) {
      const { after } = await bench.bounds()
      const between = entries(3)
      await bench.append(between)
      await bench.tail(after).have(between)
    },
  },
  {
    name: 'brings what other instances append',
    needs: ['share'],
    async run(bench) {
      const other = await bench.open()
      const { after } = await bench.bounds()
      const follower = bench.tail(after)
      const all = entries(100)
      await Promise.all(
        all.map((one, index) => (index % 2 === 0 ? bench.log : other).append(bench.channel, one)),
      )
      const { entries: stored } = await bench.readAll()
      await follower.have(stored)
      assert.equal(stored.length, 100)
    },
  },
  {
    name: 'serves several tails, each from its own position',
    async run(bench) {
      const before = entries(4)
      const positions = await bench.append(before)
      const followers = positions.map((position) => bench.tail(position))
      const later = entries(10)
      await bench.append(later)
      for (const [index, follower] of followers.entries())
        await follower.have([...before.slice(index + 1), ...later])
    },
  },
  {
    name: 'goes on when another tail of the channel ends',
    async run(bench) {
      const { after } = await bench.bounds()
      const [first, second] = [bench.tail(after), bench.tail(after)]
      const one = entry()
      await bench.append([one])
      await first.have([one])
      await bench.within(first.stop(), 'the tail to end')
      const other = entry()
      await bench.append([other])
      await second.have([one, other])
    },
  },
  {
    name: 'hears nothing of other channels',
    async run(bench) {
      const { after } = await bench.bounds()
      const follower = bench.tail(after)
      const own = entry()
      await bench.append(entries(5), `${bench.channel}-other`)
      await bench.append([own])
      await follower.have([own])
    },
  },
  {
    name: 'follows many channels',
    async run(bench) {
      const channels = Array.from({ length: 30 }, (_each, index) => `${bench.channel}-${index}`)
      const followers = await Promise.all(
        channels.map(async (channel) => bench.tail((await bench.bounds(channel)).after, { channel })),
      )
      const all = channels.map(() => entries(3))
      await Promise.all(channels.map((channel, index) => bench.append(all[index] ?? [], channel)))
      for (const [index, follower] of followers.entries()) await follower.have(all[index] ?? [])
    },
  },
  {
    name: 'calls nothing after the abort, and resolves',
    async run(bench) {
      const { after } = await bench.bounds()
      const follower = bench.tail(after)
      const one = entry()
      await bench.append([one])
      await follower.have([one])
      await bench.within(follower.stop(), 'the tail to end')
      await bench.append(entries(3))
      assert.deepEqual(checksOf(follower.entries), [one.check])
    },
  },
  {
    name: 'ends when it is aborted by what it calls',
    async run(bench) {
      const positions = await bench.append(entries(3))
      const start = startOf(positions[0] ?? { epoch: '' })
      const onEntries = (follower: Follower) => follower.abort()
      const atOnce = bench.tail(start, { onEntries })
      await bench.within(atOnce.ended, 'the tail to end')
      const behindReset = bench.tail({ ...start, check: '----' }, { onEntries })
      await bench.within(behindReset.ended, 'the tail to end')
      const later = bench.tail((await bench.bounds()).after, { onEntries })
      await bench.append(entries(3))
      await bench.within(later.ended, 'the tail to end')
    },
  },
  {
    name: 'does nothing with a signal that has aborted',
    async run(bench) {
      const positions = await bench.append(entries(3))
      const called = () => assert.fail('nothing is called')
      const signal = AbortSignal.abort()
      const after = startOf(positions[0] ?? { epoch: '' })
      const handlers = { entries: called, reset: called, error: called }
      await bench.within(bench.log.tail(bench.channel, { after, signal }, handlers), 'the tail to end')
      await bench.append(entries(1))
    },
  },
  {
    name: 'keeps the order for everyone where a handler appends',
    async run(bench) {
      const { after } = await bench.bounds()
      const all = entries(5)
      let next = 1
      const onEntries = (_follower: Follower, batch: readonly unknown[]) => {
        for (const _each of batch) {
          const one = all[next]
          next += 1
          if (one !== undefined) void bench.log.append(bench.channel, one)
        }
      }
      const [first, second] = [bench.tail(after, { onEntries }), bench.tail(after)]
      await bench.append(all.slice(0, 1))
      await first.have(all)
      await second.have(all)
    },
  },
  {
    name: 'brings each entry once to a tail that begins while another is being served',
    async run(bench) {
      const { after } = await bench.bounds()
      const followers: Follower[] = []
      const onEntries = () => {
        if (followers.length === 1) followers.push(bench.tail(after))
      }
      followers.push(bench.tail(after, { onEntries }))
      const all = entries(4)
      await bench.append(all)
      for (const follower of followers) await follower.have(all)
      assert.equal(followers.length, 2)
    },
  },
  {
    name: 'resets at once where the position is invalid, and brings everything there is',
    async run(bench) {
      const all = entries(3)
      const positions = await bench.append(all)
      const newest = positions.at(-1)
      assert.ok(newest)
      const follower = bench.tail({ ...newest, check: '----' })
      await follower.haveReset()
      await follower.have(all)
      assert.deepEqual(follower.resets, [startOf(newest)])
    },
  },
  {
    name: 'brings the mark of the end',
    async run(bench) {
      const { after } = await bench.bounds()
      const follower = bench.tail(after)
      const all = [entry(), entry({ kind: 'end', data: '' })]
      await bench.append(all)
      await follower.have(all)
      assert.equal(follower.entries.at(-1)?.kind, 'end')
    },
  },
  {
    name: 'resets when the channel is deleted, and follows the next history',
    async run(bench) {
      const positions = await bench.append(entries(3))
      const newest = positions.at(-1)
      assert.ok(newest)
      const follower = bench.tail(newest)
      const last = entry()
      await bench.append([last])
      await follower.have([last])
      await bench.log.delete(bench.channel)
      const all = entries(2)
      await bench.append(all)
      await follower.haveReset()
      await follower.have(all)
      assert.notEqual(follower.resets[0]?.epoch, newest.epoch)
    },
  },
  {
    name: 'continues behind the last entry delivered after its connection broke, without repeating one',
    needs: ['interrupt'],
    async run(bench) {
      const { after } = await bench.bounds()
      const follower = bench.tail(after)
      const before = entries(5)
      await bench.append(before)
      await follower.have(before)
      await bench.harness.interrupt?.()
      const later = entries(5)
      for (const one of later) {
        await bench.until(
          () =>
            bench.log.append(bench.channel, one, { idempotencyKey: one.check }).then(
              () => true,
              () => false,
            ),
          (isStored) => isStored,
          'the log to take appends again',
        )
      }
      await follower.have([...before, ...later])
      assert.deepEqual(follower.resets, [])
    },
  },
  {
    name: 'says that it follows again after an interruption, if it has told of one, though nothing is appended',
    needs: ['interrupt'],
    async run(bench) {
      const { after } = await bench.bounds()
      const follower = bench.tail(after)
      const before = entries(1)
      await bench.append(before)
      await follower.have(before)
      await bench.harness.interrupt?.()
      await bench.until(
        () => bench.bounds().catch(() => null),
        (answer) => answer !== null,
        'the log to read again',
      )
      await follower.haveRecovered()
    },
  },
  {
    name: 'reads again after its connection broke',
    needs: ['interrupt'],
    async run(bench) {
      const all = entries(3)
      await bench.append(all)
      await bench.harness.interrupt?.()
      const result = await bench.until(
        () => bench.readAll().catch(() => null),
        (answer) => answer !== null,
        'the log to read again',
      )
      assert.deepEqual(checksOf(result?.entries ?? []), checksOf(all))
    },
  },
]
