import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { AdapterHarness } from '../adapter-harness.ts'
import type { Case } from '../trial.ts'
import { closeOf, holding, type Trial, type TrialServer } from '../trial.ts'
import { within } from '../within.ts'

const appliesTo = ({ protocol }: AdapterHarness) => protocol === 'http2'

/** Runs with one connection, on which several streams share what there is. */
async function connected(server: TrialServer, run: (session: ClientHttp2Session) => Promise<void>) {
  const session = connect(server.origin, { rejectUnauthorized: false })
  session.on('error', () => {}) // a test that breaks the connection sees it otherwise
  try {
    await run(session)
  } finally {
    session.destroy()
  }
}

/** Until a stream's body has this text in it. */
async function read(stream: ClientHttp2Stream, text: string): Promise<void> {
  let body = ''
  stream.setEncoding('utf8')
  const found = new Promise<void>((resolve) => {
    stream.on('data', (chunk: string) => {
      body += chunk
      if (body.includes(text)) resolve()
    })
  })
  await within(found, JSON.stringify(text))
}

async function holdingServer(trial: Trial) {
  const { route, streams } = holding()
  return { streams, server: await trial.start({ '/': route }) }
}

/** What only HTTP/2 has: many streams on one connection. */
export const http2Cases: readonly Case[] = [
  {
    name: 'S34: a client that resets one HTTP/2 stream keeps the others of the connection',
    appliesTo,
    async run(trial) {
      const { server, streams } = await holdingServer(trial)
      await connected(server, async (session) => {
        const [leaving, staying] = [session.request({ ':path': '/' }), session.request({ ':path': '/' })]
        leaving.on('error', () => {})
        const [first, second] = [await streams.take(), await streams.take()]
        await within(once(leaving, 'response'), 'the head')
        leaving.close(constants.NGHTTP2_CANCEL)
        assert.equal(await closeOf(first), 'client')
        assert.equal(second.closed, null)
        second.send({ data: 'goes on' })
        await read(staying, 'data: goes on\n\n')
      })
    },
  },
  {
    name: 'S34: a connection that breaks closes all of its streams',
    appliesTo,
    async run(trial) {
      const { server, streams } = await holdingServer(trial)
      await connected(server, async (session) => {
        for (let n = 0; n < 5; n += 1) session.request({ ':path': '/' }).on('error', () => {})
        const opened = []
        for (let n = 0; n < 5; n += 1) opened.push(await streams.take())
        session.destroy()
        for (const stream of opened) assert.equal(await closeOf(stream), 'client')
      })
    },
  },
  {
    name: 'a stream that the server closes leaves the connection to others',
    appliesTo,
    async run(trial) {
      const { server, streams } = await holdingServer(trial)
      await connected(server, async (session) => {
        const request = session.request({ ':path': '/' })
        const stream = await streams.take()
        request.resume()
        stream.close()
        await within(once(request, 'close'), 'the stream to end')
        assert.equal(request.rstCode, constants.NGHTTP2_NO_ERROR)
        const next = session.request({ ':path': '/' })
        const nextStream = await streams.take()
        nextStream.send({ data: 'the same connection' })
        await read(next, 'data: the same connection\n\n')
      })
    },
  },
  {
    name: 'S35: draining tells the connection to take its next requests elsewhere',
    appliesTo,
    async run(trial) {
      const { server, streams } = await holdingServer(trial)
      await connected(server, async (session) => {
        const goaway = once(session, 'goaway')
        session.request({ ':path': '/' }).resume()
        await streams.take()
        await within(server.events.close(), 'close()')
        await within(goaway, 'GOAWAY')
        await within(server.close(), 'the server to close')
      })
    },
  },
]
