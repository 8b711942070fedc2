import assert from 'node:assert/strict'
import type { EventStream } from '@rivulet/core'
import { Inbox } from '../inbox.ts'
import { leaveDuringSetUp } from '../leave-during-set-up.ts'
import { type Case, closeOf, holding } from '../trial.ts'
import { turns, within } from '../within.ts'

/** Clients that go away, and when. */
export const leavingCases: readonly Case[] = [
  {
    name: 'S34: a client that left before the stream was opened gives a closed one',
    async run(trial) {
      const { stream } = await leaveDuringSetUp(trial, false)
      assert.equal(stream.closed, 'client')
      assert.equal(stream.signal.aborted, true)
      assert.equal(stream.signal.reason.name, 'AbortError')
      assert.equal(stream.send({ data: 1 }), false)
      assert.equal(await stream.drained(), false)
      const reasons: string[] = []
      stream.onClose((reason) => reasons.push(reason))
      assert.deepEqual(reasons, ['client'])
    },
  },
  {
    name: 'S34: no handler runs for a client that left before',
    async run(trial) {
      const { stream, handlerRuns } = await leaveDuringSetUp(trial, true)
      assert.equal(stream.closed, 'client')
      assert.equal(handlerRuns, 0)
    },
  },
  {
    name: 'S34: a client that leaves closes its stream once, and nothing can be sent after it',
    async run(trial) {
      const { client, stream, server } = await trial.open()
      const reasons: string[] = []
      stream.onClose((reason) => reasons.push(reason))
      const { signal } = stream
      await client.read(10)
      client.leave()
      assert.equal(await closeOf(stream), 'client')
      assert.equal(signal.aborted, true)
      assert.equal(signal.reason.name, 'AbortError')
      assert.equal(stream.send({ data: 1 }), false)
      assert.equal(stream.comment('x'), false)
      assert.equal(await stream.drained(), false)
      stream.close()
      stream.end()
      assert.equal(stream.closed, 'client')
      assert.deepEqual(reasons, ['client'])
      assert.equal(server.events.streams.size, 0)
    },
  },
  {
    name: 'onClose on a closed stream runs at once',
    async run(trial) {
      const { stream } = await trial.open()
      stream.close()
      const reasons: string[] = []
      stream.onClose((reason) => reasons.push(reason))
      assert.deepEqual(reasons, ['server'])
    },
  },
  {
    name: 'onClose can be taken back',
    async run(trial) {
      const { stream } = await trial.open()
      const takeBack = stream.onClose(() => assert.fail('was called'))
      takeBack()
      stream.close()
      assert.equal(await closeOf(stream), 'server')
    },
  },
  {
    name: 'S34: a handler hears through its signal that the client left, and its AbortError is no error',
    async run(trial) {
      const opened = new Inbox<EventStream>('the handler')
      const left = new Inbox<unknown>('the handler to be aborted')
      const server = await trial.start({
        '/': async ({ open }) => {
          await open(async (stream) => {
            opened.put(stream)
            try {
              await aborted(stream.signal)
            } catch (error) {
              left.put(error)
              throw error
            }
          })
        },
      })
      const client = server.request('/')
      const stream = await opened.take()
      await client.head()
      client.leave()
      assert.equal(Reflect.get(Object(await left.take()), 'name'), 'AbortError')
      assert.equal(stream.closed, 'client')
      await turns()
      assert.equal(server.errors.size, 0)
    },
  },
  {
    name: 'S34: a route that its stream called off did not fail either',
    async run(trial) {
      const opened = new Inbox<EventStream>('a stream to be opened')
      const server = await trial.start({
        '/': async ({ open }) => {
          const stream = await open()
          opened.put(stream)
          await aborted(stream.signal)
        },
      })
      const client = server.request('/')
      const stream = await opened.take()
      await client.head()
      client.leave()
      assert.equal(await closeOf(stream), 'client')
      await turns()
      assert.equal(server.errors.size, 0)
    },
  },
  {
    name: 'S34: clients that leave at once, in turn and together, leave nothing',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route })
      const clients = Array.from({ length: 50 }, () => server.request('/'))
      const opened: EventStream[] = []
      for (const _ of clients) opened.push(await streams.take())
      for (const client of clients) client.leave()
      for (const stream of opened) assert.equal(await closeOf(stream), 'client')
      assert.equal(server.events.streams.size, 0)
    },
  },
  {
    name: 'S34: a client that leaves while much is being sent is noticed',
    async run(trial) {
      const { client, stream } = await trial.open()
      await client.head()
      client.pause()
      stream.send({ data: 'x'.repeat(2 ** 25) })
      const drained = stream.drained()
      client.leave()
      assert.equal(await closeOf(stream), 'client')
      assert.equal(await within(drained, 'drained()'), false)
    },
  },
]

/** Rejects as the work of a handler does that was given the stream's signal. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}
