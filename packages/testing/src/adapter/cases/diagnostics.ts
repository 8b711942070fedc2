import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { StreamCloseMessage, StreamErrorMessage, StreamOpenMessage } from '@rivulet/core'
import { Inbox } from '../inbox.ts'
import { leaveDuringSetUp } from '../leave-during-set-up.ts'
import { type Case, closeOf } from '../trial.ts'

/** Runs with what a diagnostics channel publishes. */
async function listening<T>(name: string, run: (messages: Inbox<T>) => Promise<void>): Promise<void> {
  const messages = new Inbox<T>(`a message of ${name}`)
  const listener = (message: unknown) => messages.put(message as T) // documented for the channel
  subscribe(name, listener)
  try {
    await run(messages)
  } finally {
    unsubscribe(name, listener)
  }
}

/** What `node:diagnostics_channel` tells. */
export const diagnosticsCases: readonly Case[] = [
  {
    name: 'rivulet:stream.open is published once for each open stream',
    run: (trial) =>
      listening<StreamOpenMessage>('rivulet:stream.open', async (messages) => {
        const { stream } = await trial.open()
        assert.equal((await messages.take()).stream, stream)
        assert.equal(messages.size, 0)
      }),
  },
  {
    name: 'rivulet:stream.close is published once, with the reason and what was sent',
    run: (trial) =>
      listening<StreamCloseMessage>('rivulet:stream.close', async (messages) => {
        const { client, stream } = await trial.open({ retryMs: false })
        stream.send({ data: 1 })
        stream.comment('not an event')
        await client.received(1)
        client.leave()
        await closeOf(stream)
        const message = await messages.take()
        assert.equal(message.stream, stream)
        assert.equal(message.reason, 'client')
        assert.equal(message.eventCount, 1)
        assert.equal(message.byteCount, ':\n\ndata: 1\n\n: not an event\n\n'.length)
        assert.ok(message.ageMs > 0)
        assert.equal(messages.size, 0)
      }),
  },
  {
    name: 'rivulet:stream.close is published for a stream that was refused, rivulet:stream.open is not',
    run: (trial) =>
      listening<StreamOpenMessage>('rivulet:stream.open', (opens) =>
        listening<StreamCloseMessage>('rivulet:stream.close', async (closes) => {
          const { stream } = await trial.open(undefined, { method: 'HEAD' })
          const message = await closes.take()
          assert.equal(message.stream, stream)
          assert.equal(message.reason, 'refused')
          assert.equal(message.ageMs, 0)
          assert.equal(opens.size, 0)
        }),
      ),
  },
  {
    name: 'a client that left before its stream was opened is published as closed only',
    run: (trial) =>
      listening<StreamOpenMessage>('rivulet:stream.open', (opens) =>
        listening<StreamCloseMessage>('rivulet:stream.close', async (closes) => {
          const { stream } = await leaveDuringSetUp(trial, false)
          const message = await closes.take()
          assert.deepEqual([message.stream, message.reason], [stream, 'client'])
          assert.equal(opens.size, 0)
          assert.equal(closes.size, 0)
        }),
      ),
  },
  {
    name: 'rivulet:stream.error is published for a handler that fails',
    run: (trial) =>
      listening<StreamErrorMessage>('rivulet:stream.error', async (messages) => {
        const failure = new Error('a handler failed')
        const server = await trial.start({
          '/': async ({ open }) => {
            await open(() => {
              throw failure
            })
          },
        })
        const client = server.request('/')
        const message = await messages.take()
        assert.equal(message.error, failure)
        assert.equal(message.stream.closed, 'error')
        assert.equal(await server.errors.take(), failure)
        await client.over()
      }),
  },
]
