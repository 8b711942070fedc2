import assert from 'node:assert/strict'
import { type Case, holding } from '../trial.ts'

/** The option `negotiate`. */
export const negotiationCases: readonly Case[] = [
  ...[
    undefined,
    '*/*',
    'text/*',
    'text/event-stream',
    'Text/Event-Stream;q=0.1, text/html',
    'text/event-stream, */*;q=0',
  ].map(
    (accept): Case => ({
      name: `S8: opens a stream for ${accept === undefined ? 'a request without Accept' : `Accept: ${accept}`}`,
      async run(trial) {
        const { client, stream } = await trial.open({ negotiate: true }, { headers: { accept } })
        await client.head()
        assert.equal(client.status, 200)
        assert.equal(client.headers.vary, 'Accept')
        assert.equal(stream.closed, null)
      },
    }),
  ),
  ...['application/json', 'text/html, text/event-stream;q=0', 'text/event-stream;q=0, */*', 'image/*'].map(
    (accept): Case => ({
      name: `S8: answers 406 to Accept: ${accept}`,
      async run(trial) {
        const { client, stream } = await trial.open({ negotiate: true }, { headers: { accept } })
        await client.ended()
        assert.equal(client.status, 406)
        assert.equal(client.headers.vary, 'Accept')
        assert.equal(client.headers['cache-control'], 'no-store')
        assert.match(String(client.headers['content-type']), /^text\/plain/)
        assert.equal(stream.closed, 'refused')
      },
    }),
  ),
  {
    name: 'S8: runs no handler behind a 406',
    async run(trial) {
      let runCount = 0
      const server = await trial.start(
        {
          '/': async ({ open }) => {
            await open(() => {
              runCount += 1
            })
          },
        },
        { negotiate: true },
      )
      const client = server.request('/', { headers: { accept: 'text/html' } })
      await client.ended()
      assert.equal(client.status, 406)
      assert.equal(runCount, 0)
    },
  },
  {
    name: 'S8: adds Accept to a Vary header that was set before',
    async run(trial) {
      const server = await trial.start({
        '/': async ({ setHeader, open }) => {
          setHeader('Vary', 'Origin')
          await open({ negotiate: true })
        },
      })
      const client = server.request('/')
      await client.head()
      assert.equal(client.headers.vary, 'Origin, Accept')
    },
  },
  {
    name: 'takes every Accept where nobody asked to negotiate',
    async run(trial) {
      const { route } = holding()
      const server = await trial.start({ '/': route })
      const client = server.request('/', { headers: { accept: 'application/json' } })
      await client.head()
      assert.equal(client.status, 200)
      assert.equal(client.headers.vary, undefined)
    },
  },
]
