import assert from 'node:assert/strict'
import type { EventStream } from '@rivulet/core'
import type { AdapterRoute, RouteContext } from '../adapter-harness.ts'
import { Inbox } from '../inbox.ts'
import { type Case, closeOf, type Trial } from '../trial.ts'

const secret = 'password of the database'

/** A route that fails at some moment, and the stream that it had opened until then. */
type Failing = (context: RouteContext, opened: (stream: EventStream) => void) => unknown

/** The stream is closed, the connection ended, the error in the log once, and nothing of it on the wire. */
async function expectClosed(trial: Trial, failing: Failing): Promise<void> {
  const streams = new Inbox<EventStream>('a stream to be opened')
  const route: AdapterRoute = (context) => failing(context, (stream) => streams.put(stream))
  const server = await trial.start({ '/': route })
  const client = server.request('/')
  const stream = await streams.take()
  assert.equal(await closeOf(stream), 'error')
  const error = await server.errors.take()
  assert.equal(Reflect.get(Object(error), 'message'), secret)
  assert.notEqual(await client.over(), 'open')
  assert.equal(client.status, 200)
  assert.match(client.raw.toString(), /^retry: \d+\n\n(data: 1\n\n)?$/)
  assert.equal(server.events.streams.size, 0)
}

/** Routes and handlers that fail. */
export const errorCases: readonly Case[] = [
  {
    name: 'a handler that throws at once',
    run: (trial) =>
      expectClosed(trial, async ({ open }, opened) => {
        await open((stream) => {
          opened(stream)
          throw new Error(secret)
        })
      }),
  },
  {
    name: 'an async handler that throws at once',
    run: (trial) =>
      expectClosed(trial, async ({ open }, opened) => {
        await open(async (stream) => {
          opened(stream)
          throw new Error(secret)
        })
      }),
  },
  {
    name: 'a handler that throws after an await and an event',
    run: (trial) =>
      expectClosed(trial, async ({ open }, opened) => {
        await open(async (stream) => {
          opened(stream)
          stream.send({ data: 1 })
          await new Promise(setImmediate)
          throw new Error(secret)
        })
      }),
  },
  {
    name: 'a handler whose route does not wait for it',
    run: (trial) =>
      expectClosed(trial, ({ open }, opened) => {
        void open(async (stream) => {
          opened(stream)
          await new Promise(setImmediate)
          throw new Error(secret)
        })
      }),
  },
  {
    name: 'a route that throws after it has opened a stream',
    run: (trial) =>
      expectClosed(trial, async ({ open }, opened) => {
        opened(await open())
        throw new Error(secret)
      }),
  },
  {
    name: 'a route that throws after it has opened a stream, an await and an event',
    run: (trial) =>
      expectClosed(trial, async ({ open }, opened) => {
        const stream = await open()
        opened(stream)
        stream.send({ data: 1 })
        await new Promise(setImmediate)
        throw new Error(secret)
      }),
  },
  {
    name: 'a route that throws while a client is behind',
    run: (trial) =>
      expectClosed(trial, async ({ open }, opened) => {
        const stream = await open()
        opened(stream)
        stream.send({ data: 1 })
        await stream.drained()
        throw new Error(secret)
      }),
  },
  {
    name: 'a route that throws without waiting for its stream leaves nothing open',
    async run(trial) {
      const server = await trial.start({
        '/': ({ open }) => {
          // Whether there is a stream already is the adapter's affair; where there is none, a promise of it may reject.
          Promise.resolve(open()).catch(() => {})
          throw new Error(secret)
        },
      })
      const client = server.request('/')
      assert.equal(Reflect.get(Object(await server.errors.take()), 'message'), secret)
      assert.notEqual(await client.over(), 'open')
      if (client.status === 200) assert.match(client.raw.toString(), /^(retry: \d+\n\n)?$/)
      assert.equal(server.events.streams.size, 0)
    },
  },
  {
    name: 'a route that fails before there is a stream is answered by the framework',
    async run(trial) {
      const server = await trial.start({
        '/': () => {
          throw new Error(secret)
        },
      })
      const client = server.request('/')
      await client.ended()
      assert.equal(client.status, 500)
      assert.notEqual(client.headers['content-type'], 'text/event-stream')
      await server.errors.take()
    },
  },
  {
    name: 'an error after the stream was closed is logged and does no harm',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ open }) => {
          await open(async (stream) => {
            stream.send({ data: 1 })
            stream.close()
            throw new Error(secret)
          })
        },
      })
      const client = server.request('/')
      await client.ended()
      assert.match(client.raw.toString(), /^retry: \d+\n\ndata: 1\n\n$/)
      assert.equal(String(await server.errors.take()), `Error: ${secret}`)
    },
  },
  {
    name: 'other streams go on when one fails',
    async run(trial) {
      const streams = new Inbox<EventStream>('a stream to be opened')
      const server = await trial.start({
        '/': async ({ open }) => {
          streams.put(await open())
        },
        '/failing': async ({ open }) => {
          await open(() => {
            throw new Error(secret)
          })
        },
      })
      const client = server.request('/')
      const stream = await streams.take()
      await server.request('/failing').over()
      await server.errors.take()
      stream.send({ data: 'still here' })
      assert.equal((await client.received(1))[0]?.data, 'still here')
    },
  },
]
