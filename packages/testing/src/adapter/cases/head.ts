import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Case, holding } from '../trial.ts'
import type { TrialClient } from '../trial-client.ts'

/** Status, headers and the first bytes. */
export const headCases: readonly Case[] = [
  {
    name: 'S1: sends status, headers and the reconnection time before there is any event',
    async run(trial) {
      const { client } = await trial.open()
      const [, retryMs] = /^retry: (\d+)\n\n$/.exec(await client.read(10)) ?? []
      assert.equal(client.status, 200)
      assert.ok(Number(retryMs) >= 2_400 && Number(retryMs) <= 3_600, `retry: ${retryMs}`)
    },
  },
  {
    name: 'S1: sends an empty comment first where no reconnection time is wanted',
    async run(trial) {
      const { client } = await trial.open({ retryMs: false })
      assert.equal(await client.read(3), ':\n\n')
    },
  },
  {
    name: 'tells each client its own reconnection time, within 20 %',
    async run(trial) {
      const { route } = holding({ retryMs: 100_000 })
      const server = await trial.start({ '/': route })
      const clients = Array.from({ length: 20 }, () => server.request('/'))
      for (const client of clients) await client.read(10)
      const times = clients.map(({ retryMs }) => retryMs ?? Number.NaN)
      for (const time of times) assert.ok(time >= 80_000 && time <= 120_000, `retry: ${time}`)
      assert.ok(new Set(times).size > 1, 'all clients were told the same time')
    },
  },
  {
    name: 'S2, S3, S4: has exactly the headers of an event stream',
    async run(trial) {
      const { client } = await trial.open()
      await client.head()
      assert.equal(client.headers['content-type'], 'text/event-stream')
      assert.equal(client.headers['cache-control'], 'no-store, no-transform')
      assert.equal(client.headers['x-accel-buffering'], 'no')
      assert.equal(client.headers['content-length'], undefined)
    },
  },
  {
    name: 'S5: is chunked on HTTP/1.1, without a Connection header of its own',
    appliesTo: ({ protocol }) => protocol === 'http1',
    async run(trial) {
      const { client } = await trial.open()
      await client.head()
      assert.equal(client.headers['transfer-encoding'], 'chunked')
      assert.equal(client.headers.connection, 'keep-alive')
      // Node leaves this one out when somebody else has set Connection.
      assert.match(String(client.headers['keep-alive']), /^timeout=\d+/)
    },
  },
  {
    name: 'S6: sets nothing on HTTP/2 that belongs to a connection',
    appliesTo: ({ protocol }) => protocol === 'http2',
    async run(trial) {
      const warnings: Error[] = []
      const onWarning = (warning: Error) => warnings.push(warning)
      process.on('warning', onWarning)
      const { client, stream } = await trial.open()
      stream.send({ data: '' })
      await client.received(1)
      process.off('warning', onWarning)
      for (const name of ['connection', 'keep-alive', 'transfer-encoding'])
        assert.equal(client.headers[name], undefined)
      assert.deepEqual(
        warnings.filter(({ name }) => name === 'UnsupportedWarning'),
        [],
      )
    },
  },
  {
    name: 'keeps headers that were set before, several cookies among them',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ setHeader, open }) => {
          setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; HttpOnly'])
          setHeader('Access-Control-Allow-Origin', 'https://app.example')
          setHeader('Vary', 'Origin')
          await open()
        },
      })
      const client = server.request('/')
      await client.head()
      assert.deepEqual(client.headers['set-cookie'], ['a=1; Path=/', 'b=2; HttpOnly'])
      assert.equal(client.headers['access-control-allow-origin'], 'https://app.example')
      assert.equal(client.headers.vary, 'Origin')
    },
  },
  {
    name: 'S2, S5: replaces a content type and drops a content length that were set before',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ setHeader, open }) => {
          setHeader('Content-Type', 'application/json')
          setHeader('Content-Length', '2')
          const stream = await open()
          stream.send({ data: 'more than two bytes' })
        },
      })
      const client = server.request('/')
      await client.received(1)
      assert.equal(client.headers['content-type'], 'text/event-stream')
      assert.equal(client.headers['content-length'], undefined)
    },
  },
  {
    name: 'has the status and headers of the options, those of the call over the defaults whatever their case',
    async run(trial) {
      const { route } = holding({ status: 201, headers: { 'x-one': 'call', 'Set-Cookie': ['c=3', 'd=4'] } })
      const server = await trial.start(
        { '/': route },
        { headers: { 'X-One': 'default', 'X-Two': 'default' } },
      )
      const client = server.request('/')
      await client.head()
      assert.equal(client.status, 201)
      assert.equal(client.headers['x-one'], 'call')
      assert.equal(client.headers['x-two'], 'default')
      assert.deepEqual(client.headers['set-cookie'], ['c=3', 'd=4'])
    },
  },
  {
    name: 'S7: answers HEAD with the headers and runs no handler',
    async run(trial) {
      let runCount = 0
      const server = await trial.start({
        '/': async ({ open }) => {
          await open(() => {
            runCount += 1
          })
        },
      })
      const [head, get] = [server.request('/', { method: 'HEAD' }), server.request('/')]
      for (const client of [head, get]) await client.ended()
      assert.equal(runCount, 1)
      assert.equal(head.status, 200)
      assert.equal(head.raw.length, 0)
      assert.deepEqual(streamHeaders(head), streamHeaders(get))
    },
  },
  {
    name: 'S7: gives a closed stream for HEAD',
    async run(trial) {
      const { client, stream } = await trial.open(undefined, { method: 'HEAD' })
      assert.equal(stream.closed, 'refused')
      assert.equal(stream.send({ data: 1 }), false)
      let reason: string | undefined
      stream.onClose((given) => {
        reason = given
      })
      assert.equal(reason, 'refused')
      await client.ended()
    },
  },
  {
    name: 'S7: 100 HEAD requests leave nothing open',
    async run(trial) {
      const { route } = holding()
      const server = await trial.start({ '/': route })
      const clients = Array.from({ length: 100 }, () => server.request('/', { method: 'HEAD' }))
      for (const client of clients) await client.ended()
      assert.equal(server.events.streams.size, 0)
      for (const client of clients) client.leave()
      const closed = once(server.server, 'close')
      await server.close()
      await closed
    },
  },
]

function streamHeaders({ headers }: TrialClient): unknown[] {
  return ['content-type', 'cache-control', 'x-accel-buffering', 'content-length'].map((name) => headers[name])
}
