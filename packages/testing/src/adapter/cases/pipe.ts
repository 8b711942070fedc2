import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { EventStream, PipeSource } from '@rivulet/core'
import { Inbox } from '../inbox.ts'
import { type Case, closeOf, type Trial } from '../trial.ts'
import type { TrialClient } from '../trial-client.ts'
import { turns, until, within } from '../within.ts'

/** More than all the buffers between a server and a client that does not read. */
const tooMuch = 'x'.repeat(2 ** 25)

/** A pipe under way. */
interface PipeTrial {
  readonly client: TrialClient
  readonly stream: EventStream
  readonly result: Promise<boolean>
}

async function startPipe(trial: Trial, source: PipeSource<string>, isReading = true): Promise<PipeTrial> {
  const { client, stream } = await trial.open()
  await client.head()
  if (!isReading) client.pause()
  return { client, stream, result: stream.pipe(source) }
}

/** `pipe` and the sources it reads. */
export const pipeCases: readonly Case[] = [
  {
    name: 'sends each item of an iterable, of an async one and of a Readable, and stays open',
    async run(trial) {
      const { client, stream } = await trial.open()
      assert.equal(await stream.pipe([1, 2], (n) => ({ event: 'n', data: n })), true)
      assert.equal(await stream.pipe(Readable.from(['a', 'b'])), true)
      const tokens = (async function* () {
        yield 'x'
        yield 'y'
      })()
      assert.equal(await stream.pipe(tokens), true)
      assert.equal(stream.closed, null)
      const events = await client.received(6)
      assert.deepEqual(
        events.map(({ event, data }) => `${event} ${data}`),
        ['n 1', 'n 2', 'message a', 'message b', 'message x', 'message y'],
      )
    },
  },
  {
    name: 'in a handler ends the stream behind the last item',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ open }) => {
          await open((stream) => stream.pipe(['a', 'b']))
        },
      })
      const client = server.request('/')
      await client.ended()
      assert.deepEqual(
        client.events.map(({ event }) => event),
        ['message', 'message', '$end'],
      )
    },
  },
  {
    name: 'S33: waits for a client that does not read, and goes on when it does',
    async run(trial) {
      let taken = 0
      const source = (async function* () {
        for (const item of [tooMuch, 'b', 'c']) {
          taken += 1
          yield item
        }
      })()
      const { client, stream, result } = await startPipe(trial, source, false)
      await until(() => taken > 0, 'the first item')
      await turns()
      assert.equal(taken, 1)
      assert.ok(stream.bufferedBytes > 0)
      client.resume()
      assert.equal(await within(result, 'the pipe'), true)
      const events = await client.received(3)
      assert.deepEqual(
        events.map(({ data }) => data.length),
        [tooMuch.length, 1, 1],
      )
    },
  },
  {
    name: 'S34: releases its source when the client leaves while it is behind',
    async run(trial) {
      const released = new Inbox<void>('the source to be released')
      let given = 0
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            given += 1
            // Whoever does not wait must not fill the memory.
            return given > 3 ? new Promise<never>(() => {}) : Promise.resolve({ done: false, value: tooMuch })
          },
          return: async () => {
            released.put()
            return { done: true as const, value: undefined }
          },
        }),
      }
      const { client, stream, result } = await startPipe(trial, source, false)
      await until(() => stream.bufferedBytes > 0, 'a backlog')
      client.leave()
      assert.equal(await closeOf(stream), 'client')
      await released.take()
      assert.equal(await within(result, 'the pipe'), false)
      assert.equal(given, 1)
    },
  },
  {
    name: 'S34: releases its source when the client leaves while the source is waiting',
    async run(trial) {
      const released = new Inbox<void>('the source to be released')
      const source: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => {}),
          return: async () => {
            released.put()
            return { done: true as const, value: undefined }
          },
        }),
      }
      const { client, stream, result } = await startPipe(trial, source)
      client.leave()
      assert.equal(await closeOf(stream), 'client')
      await released.take()
      assert.equal(await within(result, 'the pipe'), false)
    },
  },
  {
    name: 'S34: destroys a Readable that is waiting when the client leaves',
    async run(trial) {
      const source = new Readable({ objectMode: true, read() {} })
      source.push('a')
      const { client, stream, result } = await startPipe(trial, source)
      const closed = once(source, 'close')
      await client.received(1)
      client.leave()
      assert.equal(await closeOf(stream), 'client')
      await within(closed, 'the Readable to be destroyed')
      assert.equal(await within(result, 'the pipe'), false)
    },
  },
  {
    name: 'rejects with what its source throws and leaves the stream open',
    async run(trial) {
      const { client, stream } = await trial.open()
      const failing = (async function* () {
        yield 'a'
        throw new Error('out of tokens')
      })()
      await assert.rejects(stream.pipe(failing), /out of tokens/)
      assert.equal(stream.closed, null)
      stream.send({ data: 'b' })
      assert.equal((await client.received(2))[1]?.data, 'b')
      assert.doesNotMatch(client.raw.toString(), /tokens/)
    },
  },
]
