import assert from 'node:assert/strict'
import type { EventStream } from '@rivulet/core'
import { type Case, closeOf, holding, type Trial } from '../trial.ts'
import { within } from '../within.ts'

const patient = 'retry: 30000\n\n'
const retryMs = [30_000, 30_000] as const

/** Too many streams: who comes is refused, who is there stays. */
export const limitCases: readonly Case[] = [
  {
    name: 'refuses softly above maxStreams: 200, when to come back, end; the open streams go on',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route }, { limits: { maxStreams: 2, retryMs } })
      const clients = [server.request('/'), server.request('/')]
      const opened = [await streams.take(), await streams.take()]
      const refused = server.request('/')
      await refused.ended()
      assert.equal(refused.status, 200)
      assert.equal(refused.headers['content-type'], 'text/event-stream')
      assert.equal(refused.raw.toString(), patient)
      assert.equal((await streams.take()).closed, 'limit')
      assert.equal(server.events.streams.size, 2)
      for (const stream of opened) stream.send({ data: 'undisturbed' })
      for (const client of clients) await client.received(1)
    },
  },
  {
    name: 'has room again once a stream has closed, for whatever reason',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route }, { limits: { maxStreams: 1 } })
      const leave: ((stream: EventStream, client: ReturnType<typeof server.request>) => void)[] = [
        (stream) => stream.close(),
        (stream) => stream.end(),
        (_stream, client) => client.leave(),
      ]
      for (const how of leave) {
        const client = server.request('/')
        const stream = await streams.take()
        assert.equal(stream.closed, null)
        const closed = closeOf(stream)
        how(stream, client)
        await closed
      }
    },
  },
  {
    name: 'counts per key, and never those without one',
    async run(trial) {
      const { server, open } = await keyed(trial, 2)
      for (const user of ['Ada', 'Ada', 'Bob', undefined, undefined, undefined]) {
        assert.equal((await open(user)).closed, null)
      }
      assert.equal((await open('Ada')).closed, 'limit')
      assert.equal((await open('Bob')).closed, null)
      const [first] = server.events.streams
      first?.close()
      assert.equal((await open('Ada')).closed, null)
      assert.equal((await open('Ada')).closed, 'limit')
    },
  },
  {
    name: "answers 503 with Retry-After where 'status' was asked for",
    async run(trial) {
      const { route, streams } = holding()
      const limits = { maxStreams: 1, onLimit: 'status', retryMs: [1_500, 1_500] } as const
      const server = await trial.start({ '/': route }, { limits })
      server.request('/')
      await streams.take()
      const refused = server.request('/')
      await refused.ended()
      assert.equal(refused.status, 503)
      assert.equal(refused.headers['retry-after'], '2')
      assert.equal(refused.headers['cache-control'], 'no-store')
      assert.match(String(refused.headers['content-type']), /^text\/plain/)
      assert.equal((await streams.take()).closed, 'limit')
    },
  },
  {
    name: 'does not run the handler of a stream that is refused, nor count what gets no stream anyway',
    async run(trial) {
      let runCount = 0
      const { route, streams } = holding()
      const server = await trial.start(
        {
          '/': route,
          '/handler': async ({ open }) => {
            await open(() => {
              runCount += 1
            })
          },
        },
        { limits: { maxStreams: 1 } },
      )
      for (let n = 0; n < 3; n += 1) {
        await server.request('/', { method: 'HEAD' }).over()
      }
      server.request('/')
      let stream = await streams.take()
      while (stream.closed === 'refused') stream = await streams.take()
      assert.equal(stream.closed, null)
      await server.request('/handler').ended()
      assert.equal(runCount, 0)
    },
  },
  {
    name: 'says in health() whether it wants new streams',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route }, { limits: { maxStreams: 1 } })
      assert.deepEqual(server.events.health(), {
        ready: true,
        live: true,
        reasons: [],
        openStreams: 0,
        interruptedChannels: [],
      })
      server.request('/')
      const stream = await streams.take()
      assert.deepEqual(server.events.health().reasons, ['limit'])
      stream.close()
      assert.equal(server.events.health().ready, true)
      const closing = server.events.close()
      assert.deepEqual(server.events.health().reasons, ['draining'])
      await within(closing, 'close()')
      assert.equal(server.events.health().live, false)
    },
  },
]

/** A server that knows users by a header, and how one of them opens a stream. */
async function keyed(trial: Trial, maxStreamsPerKey: number) {
  const { route, streams } = holding()
  const server = await trial.start(
    { '/': route },
    {
      limits: {
        maxStreamsPerKey,
        key: ({ headers }) => (typeof headers['x-user'] === 'string' ? headers['x-user'] : undefined),
      },
    },
  )
  const open = (user: string | undefined) => {
    server.request('/', user === undefined ? {} : { headers: { 'x-user': user } })
    return streams.take()
  }
  return { server, open }
}
