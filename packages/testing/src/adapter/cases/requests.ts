import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AdapterRoute } from '../adapter-harness.ts'
import { type Case, closeOf, holding } from '../trial.ts'

/** Requests that are not a plain GET. */
export const requestCases: readonly Case[] = [
  {
    name: 'answers a POST whose body was read',
    async run(trial) {
      const server = await trial.start({ '/': echo })
      const client = server.request('/', { method: 'POST', body: { question: '?'.repeat(10_000) } })
      await client.received(2)
      assert.deepEqual(client.events[0]?.json(), { question: '?'.repeat(10_000) })
    },
  },
  {
    name: "stays open when the request's own close has come",
    async run(trial) {
      const server = await trial.start({
        '/': async ({ request, readBody, open }) => {
          const closed = request.destroyed ? Promise.resolve() : once(request, 'close')
          await readBody()
          const stream = await open()
          // HTTP/2's request closes with its response.
          if (trial.harness.protocol === 'http1') await closed
          stream.send({ data: stream.closed })
        },
      })
      const client = server.request('/', { method: 'POST', body: { a: 1 } })
      const [event] = await client.received(1)
      assert.equal(event?.data, 'null')
    },
  },
  {
    name: 'answers a POST whose body nobody reads',
    async run(trial) {
      const { client, stream } = await trial.open(undefined, { method: 'POST', body: { a: 1 } })
      stream.send({ data: 'answer' })
      await client.received(1)
      client.leave()
      assert.equal(await closeOf(stream), 'client')
    },
  },
  {
    name: 'leaves OPTIONS alone',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route })
      const client = server.request('/', { method: 'OPTIONS', headers: { accept: undefined } })
      await client.ended()
      assert.notEqual(client.headers['content-type'], 'text/event-stream')
      assert.equal(streams.size, 0)
    },
  },
  {
    name: 'serves many streams at once, each its own',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ request, open }) => {
          const stream = await open()
          stream.send({ data: request.url })
        },
      })
      const paths = Array.from({ length: 50 }, (_, n) => `/?n=${n}`)
      const clients = paths.map((path) => server.request(path))
      for (const client of clients) await client.received(1)
      assert.deepEqual(
        clients.map(({ events }) => events[0]?.data),
        paths,
      )
      assert.equal(server.events.streams.size, 50)
    },
  },
]

const echo: AdapterRoute = async ({ readBody, open }) => {
  const body = await readBody()
  const stream = await open()
  stream.send({ data: body })
  // A request whose body was read closes some turns later; its stream must not.
  setImmediate(() => setImmediate(() => stream.send({ data: 'and on' })))
}
