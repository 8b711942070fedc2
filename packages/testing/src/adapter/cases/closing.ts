import assert from 'node:assert/strict'
import type { EventStream } from '@rivulet/core'
import { Inbox } from '../inbox.ts'
import { type Case, closeOf, holding } from '../trial.ts'

/** Streams that the server closes. */
export const closingCases: readonly Case[] = [
  {
    name: 'close hangs up behind what was sent, and sends nothing after it',
    async run(trial) {
      const { server, client, stream } = await trial.open()
      stream.send({ data: 1 })
      stream.close()
      assert.equal(stream.closed, 'server')
      assert.equal(stream.send({ data: 2 }), false)
      assert.equal(stream.comment('c'), false)
      stream.close()
      stream.end()
      await client.ended()
      assert.match(client.raw.toString(), /^retry: \d+\n\ndata: 1\n\n$/)
      assert.equal(server.events.streams.size, 0)
    },
  },
  {
    name: 'S38: end sends $end, and a client that comes back with its id is answered 204',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route })
      const client = server.request('/')
      const stream = await streams.take()
      stream.send({ id: 7, data: 1 })
      stream.end()
      assert.equal(stream.closed, 'end')
      assert.equal(stream.send({ data: 2 }), false)
      await client.ended()
      assert.match(client.raw.toString(), /\n\nid: 7\ndata: 1\n\nid: .end\nevent: \$end\ndata: .*\n\n$/)
      const back = server.request('/', { lastEventId: client.lastEventId })
      await back.ended()
      assert.equal(back.status, 204)
    },
  },
  {
    name: 'S38: a handler that returns ends its stream',
    async run(trial) {
      const opened = new Inbox<EventStream>('the handler')
      const server = await trial.start({
        '/': async ({ open }) => {
          await open(async (stream) => {
            await Promise.resolve()
            stream.send({ data: 1 })
            opened.put(stream)
          })
        },
      })
      const client = server.request('/')
      assert.equal(await closeOf(await opened.take()), 'end')
      await client.ended()
      assert.deepEqual(
        client.events.map(({ event }) => event),
        ['message', '$end'],
      )
    },
  },
  {
    name: 'the plain form keeps the stream open when the route returns',
    async run(trial) {
      const { client, stream } = await trial.open()
      stream.send({ data: 1 })
      await client.received(1)
      assert.equal(stream.closed, null)
      assert.equal(stream.lastEventId, null)
    },
  },
  {
    name: 'a stream has the context of its options, and it can be changed',
    async run(trial) {
      const { server, stream } = await trial.open({ context: { user: 7 } })
      assert.deepEqual(stream.context, { user: 7 })
      stream.context = { user: 8 }
      assert.deepEqual(
        [...server.events.streams].map(({ context }) => context),
        [{ user: 8 }],
      )
    },
  },
  {
    name: 'the signal of the options hangs up',
    async run(trial) {
      const controller = new AbortController()
      const { client, stream } = await trial.open({ signal: controller.signal })
      await client.head()
      controller.abort()
      assert.equal(stream.closed, 'server')
      await client.ended()
    },
  },
  {
    name: 'a signal that is aborted already hangs up at once',
    async run(trial) {
      const { client, stream } = await trial.open({ signal: AbortSignal.abort() })
      assert.equal(stream.closed, 'server')
      await client.ended()
      assert.equal(client.status, 200)
    },
  },
  {
    name: 'a response that somebody else ends closes the stream',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({
        '/': async (context) => {
          await route(context)
          context.response.end()
        },
      })
      const client = server.request('/')
      const stream = await streams.take()
      assert.equal(stream.send({ data: 'too late' }), false)
      assert.equal(await closeOf(stream), 'server')
      await client.ended()
      assert.equal(client.events.length, 0)
    },
  },
  {
    name: 'closeWhere hangs up the streams for which it says so, and counts them',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ request, open }) => {
          await open({ context: request.url?.slice(-1) })
        },
      })
      const clients = ['a', 'b', 'a'].map((user) => server.request(`/?user=${user}`))
      for (const client of clients) await client.read(10)
      assert.equal(
        server.events.closeWhere(({ context }) => context === 'a'),
        2,
      )
      assert.deepEqual(
        [...server.events.streams].map(({ context }) => context),
        ['b'],
      )
      await clients[0]?.ended()
      await clients[2]?.ended()
      assert.equal(clients[1]?.state, 'open')
    },
  },
  {
    name: 'a listener that throws is reported, and keeps no other from hearing of the close',
    async run(trial) {
      const { server, stream } = await trial.open()
      const heard: string[] = []
      stream.onClose(() => {
        throw new Error('a listener failed')
      })
      stream.onClose((reason) => heard.push(reason))
      stream.close()
      assert.deepEqual(heard, ['server'])
      assert.match(String(await server.errors.take()), /a listener failed/)
    },
  },
]
