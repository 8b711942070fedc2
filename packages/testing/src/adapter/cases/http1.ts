import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { EventStream } from '@rivulet/core'
import type { AdapterHarness, AdapterRoute } from '../adapter-harness.ts'
import { Inbox } from '../inbox.ts'
import { parseResponses, RawConnection, type RawResponse } from '../raw-connection.ts'
import { type Case, closeOf, holding, type Trial } from '../trial.ts'

const appliesTo = ({ protocol }: AdapterHarness) => protocol === 'http1'

/** A request as it goes over the wire. */
function get(path: string, ...lines: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n')
}

/** A server with these routes, and a connection to it on which the test writes itself. */
async function connectRaw(trial: Trial, routes: Record<string, AdapterRoute>) {
  const server = await trial.start(routes)
  return { server, connection: await RawConnection.open(server.origin) }
}

function withoutRetry(response: RawResponse | undefined): string {
  return response?.body.replace(/^retry: \d+\n\n/, '') ?? 'no response'
}

const twoEvents: AdapterRoute = async ({ request, open }) => {
  await open((stream) => {
    stream.send({ data: `first of ${request.url}` })
    stream.send({ data: 'ö' })
  })
}

/** What only HTTP/1 has, written byte by byte. */
export const http1Cases: readonly Case[] = (
  [
    {
      name: 'S5: serves HTTP/1.0 without chunks and ends by closing the connection',
      async run(trial) {
        const { connection } = await connectRaw(trial, { '/': twoEvents })
        connection.write('GET / HTTP/1.0\r\n\r\n')
        const [response] = parseResponses(await connection.closed())
        assert.doesNotMatch(response?.head ?? '', /transfer-encoding|content-length/i)
        assert.match(
          response?.body ?? '',
          /^retry: \d+\n\ndata: first of \/\n\ndata: \xc3\xb6\n\nid: .end\nevent: \$end\ndata: .*\n\n$/,
        )
      },
    },
    {
      name: 'S5: does not hold events back from HTTP/1.0',
      async run(trial) {
        const { route, streams } = holding()
        const { connection } = await connectRaw(trial, { '/': route })
        connection.write('GET / HTTP/1.0\r\n\r\n')
        const stream = await streams.take()
        await connection.until(/retry: \d+\n\n$/)
        stream.send({ data: 1 })
        await connection.until(/data: 1\n\n$/)
        connection.destroy()
        assert.equal(await closeOf(stream), 'client')
      },
    },
    {
      name: 'S1: the first bytes come with the head',
      async run(trial) {
        const { route } = holding()
        const { connection } = await connectRaw(trial, { '/': route })
        connection.write(get('/'))
        const [response] = parseResponses(await connection.until(/retry: \d+\n\n\r\n$/))
        assert.match(response?.head ?? '', /^HTTP\/1\.1 200 OK/)
        connection.destroy()
      },
    },
    {
      name: 'S23: puts exactly its blocks on the wire, and the same connection serves the next stream',
      async run(trial) {
        const { connection } = await connectRaw(trial, { '/a': twoEvents, '/b': twoEvents })
        connection.write(get('/a'))
        await connection.until(/\r\n0\r\n\r\n$/)
        connection.write(get('/b'))
        const responses = parseResponses(await connection.until(/\r\n0\r\n\r\nHTTP[\s\S]*\r\n0\r\n\r\n$/))
        assert.equal(responses.length, 2)
        for (const [n, path] of ['/a', '/b'].entries()) {
          const blocks = `data: first of ${path}\n\ndata: \xc3\xb6\n\nid: .end\nevent: $end\n`
          assert.equal(withoutRetry(responses[n]).slice(0, blocks.length), blocks)
        }
        connection.destroy()
      },
    },
    {
      name: 'S7, S8, S38: what is no stream leaves the connection fit for the next request',
      async run(trial) {
        const server = await trial.start({ '/': twoEvents }, { negotiate: true })
        const connection = await RawConnection.open(server.origin)
        const refusals = [
          get('/').replace('GET', 'HEAD'),
          get('/', 'Last-Event-ID: .end'),
          get('/', 'Accept: text/html'),
        ]
        for (const [n, refusal] of refusals.entries()) {
          connection.write(refusal)
          await connection.until(new RegExp(`^(HTTP[\\s\\S]*?\r\n\r\n[^H]*){${n + 1}}$`))
        }
        connection.write(get('/'))
        const text = await connection.until(/\r\n0\r\n\r\n$/)
        assert.deepEqual(
          text.match(/HTTP\/1\.1 \d+/g),
          [200, 204, 406, 200].map((status) => `HTTP/1.1 ${status}`),
        )
        connection.destroy()
      },
    },
    {
      name: "a server's time-out for silent sockets does not end a stream",
      async run(trial) {
        const { route, streams } = holding({ heartbeatMs: false })
        const server = await trial.start({ '/': route })
        assert.ok('setTimeout' in server.server && typeof server.server.setTimeout === 'function')
        server.server.setTimeout(30)
        const client = server.request('/')
        const stream = await streams.take()
        await delay(100)
        stream.send({ data: 'still here' })
        await client.received(1)
      },
    },
    {
      name: 'holds a pipelined stream back until the one before it has ended, and loses nothing of it',
      async run(trial) {
        const { route, streams } = holding()
        const { connection } = await connectRaw(trial, { '/first': route, '/second': route })
        connection.write(get('/first') + get('/second'))
        const first = await streams.take()
        const second = await streams.take()
        second.send({ data: 'second, early' })
        first.send({ data: 'first' })
        await connection.until(/data: first\n\n/)
        assert.doesNotMatch(connection.text, /second/)
        first.close()
        await connection.until(/second, early/)
        second.send({ data: 'second, late' })
        second.close()
        const responses = parseResponses(await connection.until(/second, late\n\n\r\n0\r\n\r\n$/))
        assert.deepEqual(responses.map(withoutRetry), [
          'data: first\n\n',
          'data: second, early\n\ndata: second, late\n\n',
        ])
        connection.destroy()
      },
    },
    {
      name: 'S34: notices a client that leaves while its stream waits in the pipeline',
      async run(trial) {
        const { route, streams } = holding()
        const { connection } = await connectRaw(trial, { '/first': route, '/second': route })
        connection.write(get('/first') + get('/second'))
        const waiting = [await streams.take(), await streams.take()]
        connection.destroy()
        assert.deepEqual(await Promise.all(waiting.map(closeOf)), ['client', 'client'])
      },
    },
    ...(['end', 'reset'] as const).map(
      (how): Case => ({
        name: `S34: a connection's ${how === 'end' ? 'half close' : 'reset'} closes the stream`,
        async run(trial) {
          const { route, streams } = holding()
          const { connection } = await connectRaw(trial, { '/': route })
          connection.write(get('/'))
          const stream = await streams.take()
          await connection.until(/retry/)
          connection[how]()
          assert.equal(await closeOf(stream), 'client')
          await connection.closed()
        },
      }),
    ),
    {
      name: 'takes the bytes of a foreign write between its own',
      async run(trial) {
        const opened = new Inbox<EventStream>('a stream')
        const { connection } = await connectRaw(trial, {
          '/': async ({ response, open }) => {
            const stream = await open()
            stream.send({ data: 1 })
            const http1 = response as ServerResponse // nothing else comes to these cases
            http1.write(': foreign\n\n')
            stream.send({ data: 2 })
            http1.end(': end\n\n')
            opened.put(stream)
          },
        })
        connection.write(get('/'))
        const stream = await opened.take()
        const [response] = parseResponses(await connection.until(/\r\n0\r\n\r\n$/))
        assert.match(response?.body ?? '', /\n\ndata: 1\n\n: foreign\n\ndata: 2\n\n: end\n\n$/)
        assert.equal(await closeOf(stream), 'server')
        connection.destroy()
      },
    },
    ...['[', 'x:99999999', 'a b', ''].map(
      (host): Case => ({
        name: `survives the host ${JSON.stringify(host)}`,
        async run(trial) {
          const { route, streams } = holding()
          const server = await trial.start({ '/': route })
          const client = server.request('/?lastEventId=7', { headers: { host } })
          await client.head()
          if (client.status === 400) return // the framework wants no such host, and said so
          assert.equal((await streams.take()).lastEventId, '7')
        },
      }),
    ),
  ] satisfies Case[]
).map((one) => ({ ...one, appliesTo }))
