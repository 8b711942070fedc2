import assert from 'node:assert/strict'
import type { EventFields, SseError, StreamOptions } from '@rivulet/core'
import type { RouteContext } from '../adapter-harness.ts'
import { Inbox } from '../inbox.ts'
import type { Case, Trial } from '../trial.ts'
import type { TrialClient } from '../trial-client.ts'

/** What a misuse threw in its route, and the client of that route. */
interface Misuse {
  readonly error: SseError
  readonly client: TrialClient
}

/** Ends the response behind the misuse, where the framework has not answered it. */
async function misuseIn(trial: Trial, misuse: (context: RouteContext) => unknown): Promise<Misuse> {
  const caught = new Inbox<unknown>('an error')
  const server = await trial.start({
    '/': async (context) => {
      try {
        await misuse(context)
        caught.put(undefined)
      } catch (error) {
        caught.put(error)
      }
      if (!context.response.writableEnded) context.response.end()
    },
  })
  const client = server.request('/')
  const error = await caught.take()
  await client.over()
  // A framework through which the stream was opened may have seen the error too.
  if (server.errors.size > 0) assert.equal(await server.errors.take(), error)
  assert.equal(Reflect.get(Object(error), 'name'), 'SseError')
  return { error: error as SseError, client } // its name says so
}

const badFields: readonly (readonly [code: string, fields: Record<string, unknown>])[] = [
  ['ERR_SSE_EVENT', { event: 'a\nb', data: 1 }],
  ['ERR_SSE_EVENT', { event: 'a\rb', data: 1 }],
  ['ERR_SSE_EVENT_RESERVED', { event: '$ready', data: 1 }],
  ['ERR_SSE_ID', { id: '1\n2', data: 1 }],
  ['ERR_SSE_ID', { id: 'ö', data: 1 }],
  ['ERR_SSE_ID', { id: 'a.end', data: 1 }],
  ['ERR_SSE_RETRY', { retry: -1, data: 1 }],
  ['ERR_SSE_RETRY', { retry: '5\ndata: x', data: 1 }],
  ['ERR_SSE_DATA', { data: undefined }],
]

const badOptions: readonly (readonly [name: string, options: Record<string, unknown>])[] = [
  ['an option that does not exist', { heartbeat: 5 }],
  ['a negative heartbeat', { heartbeatMs: -1 }],
  ['a status without a body', { status: 204 }],
  ['a Connection header', { headers: { Connection: 'close' } }],
  ['a header with a line break', { headers: { 'X-A': 'a\r\nb' } }],
]

/** Mistakes in the program: thrown at once, with a code. */
export const misuseCases: readonly Case[] = [
  {
    name: 'a second stream on one response throws, and the first goes on',
    async run(trial) {
      const caught = new Inbox<unknown>('an error')
      const server = await trial.start({
        '/': async ({ open }) => {
          const stream = await open()
          try {
            await open()
          } catch (error) {
            caught.put(error)
          }
          stream.send({ data: 'goes on' })
        },
      })
      const client = server.request('/')
      await client.received(1)
      assert.equal(Reflect.get(Object(await caught.take()), 'code'), 'ERR_SSE_ALREADY_OPEN')
    },
  },
  {
    name: 'a stream on a response whose head was sent throws',
    async run(trial) {
      const { error, client } = await misuseIn(trial, ({ response, open }) => {
        response.writeHead(200, { 'Content-Type': 'text/plain' })
        return open()
      })
      assert.equal(error.code, 'ERR_SSE_HEADERS_SENT')
      assert.equal(client.headers['content-type'], 'text/plain')
      assert.equal(client.raw.length, 0)
    },
  },
  ...badOptions.map(
    ([name, options]): Case => ({
      name: `${name} throws, and there is no stream`,
      async run(trial) {
        // Wrong on purpose.
        const { error, client } = await misuseIn(trial, ({ open }) => open(options as StreamOptions))
        assert.equal(error.code, 'ERR_SSE_OPTION')
        assert.notEqual(client.headers['content-type'], 'text/event-stream')
        assert.doesNotMatch(client.raw.toString(), /retry:/)
      },
    }),
  ),
  ...badFields.map(
    ([code, fields]): Case => ({
      name: `S16, S17, S18, S21: ${JSON.stringify(fields)} throws ${code}, writes nothing and leaves the stream usable`,
      async run(trial) {
        const { client, stream } = await trial.open()
        const bad = fields as unknown as EventFields // wrong on purpose
        assert.throws(() => stream.send(bad), { name: 'SseError', code })
        assert.equal(stream.closed, null)
        stream.send({ data: 'still here' })
        await client.received(1)
        assert.match(client.raw.toString(), /^retry: \d+\n\ndata: still here\n\n$/)
        stream.close()
        assert.throws(() => stream.send(bad), { code })
      },
    }),
  ),
]
