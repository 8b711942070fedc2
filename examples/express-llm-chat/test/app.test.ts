import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type Connection, connect } from '@rivulet/client'
import { createChat } from '../src/app.js'
import type { Turn } from '../src/conversations.js'
import { chooseModel } from '../src/models/choose-model.js'
import type { Model } from '../src/models/model.js'

type Events = { turn: Turn; token: { text: string } }

const cleanUp: (() => Promise<void>)[] = []
after(async () => {
  for (const close of cleanUp) await close()
})

test('answers with the local model, token by token, and ends the stream', async () => {
  const chat = await startChat(chooseModel({ LOCAL_TOKEN_MS: '0' }))
  const turn = await chat.ask('What is a river?')
  const tokens = await textsOf(connect<Events>(chat.streamOf(turn)))
  assert.ok(tokens.length > 50)
  assert.match(tokens.at(-1) ?? '', /[.!?]$/)

  const told = await chat.turn(turn, 'done')
  assert.equal(told.answer, tokens.join(''))
  assert.equal(told.question, 'What is a river?')
})

test('goes on where a page was that comes back, and from the beginning for one that is new', async () => {
  const chat = await startChat(chooseModel({ LOCAL_TOKEN_MS: '5' }))
  const turn = await chat.ask('What is a stream?')

  const before = connect<Events>(chat.streamOf(turn))
  const first = await textsOf(before, 5)
  const [rest, whole] = await Promise.all([
    textsOf(connect<Events>(chat.streamOf(turn), { lastEventId: before.lastEventId ?? '' })),
    textsOf(connect<Events>(chat.streamOf(turn))),
  ])
  assert.deepEqual([...first, ...rest], whole)
  assert.equal((await chat.turn(turn, 'done')).answer, whole.join(''))
})

test('stops when asked to, and keeps what was said', async () => {
  const chat = await startChat(chooseModel({ LOCAL_TOKEN_MS: '20' }))
  const turn = await chat.ask('What is an event?')
  const stream = connect<Events>(chat.streamOf(turn))
  await textsOf(stream, 3)
  assert.equal((await chat.post(`turns/${turn}/stop`)).status, 204)

  const { answer } = await chat.turn(turn, 'stopped')
  assert.ok(answer.split(' ').length >= 3)
  assert.equal((await textsOf(connect<Events>(chat.streamOf(turn)))).join(''), answer)
  // Over is over, and the next question may come.
  assert.equal((await chat.post(`turns/${turn}/stop`)).status, 204)
  await chat.ask('And what is a river?')
})

test('answers one question at a time, and refuses what is none', async () => {
  const chat = await startChat(chooseModel({ LOCAL_TOKEN_MS: '20' }))
  for (const question of ['', '  ', 7, undefined, 'x'.repeat(4_001)]) {
    assert.equal((await chat.post('turns', { question })).status, 400)
  }
  await chat.ask('What is a river?')
  assert.equal((await chat.post('turns', { question: 'And a stream?' })).status, 409)
})

test('knows no conversation that nobody began', async () => {
  const chat = await startChat(chooseModel({}))
  for (const path of ['none/events', 'none/turns/none/events']) {
    assert.equal((await fetch(`${chat.url}/api/conversations/${path}`)).status, 404)
  }
})

test('asks an OpenAI-compatible endpoint, with the conversation so far', async () => {
  const endpoint = await startEndpoint(['Hel', 'lo', ' you'])
  const chat = await startChat(
    chooseModel({ OPENAI_BASE_URL: `${endpoint.url}/v1/`, OPENAI_API_KEY: 'secret', MODEL: 'some-model' }),
  )
  const first = await chat.ask('Hi')
  assert.deepEqual(await textsOf(connect<Events>(chat.streamOf(first))), ['Hel', 'lo', ' you'])
  await chat.turn(first, 'done')
  await chat.turn(await chat.ask('Again'), 'done')

  const [, second] = endpoint.requests
  assert.equal(second?.url, '/v1/chat/completions')
  assert.equal(second?.authorization, 'Bearer secret')
  assert.equal(second?.body.model, 'some-model')
  assert.deepEqual(second?.body.messages.map(({ role, content }) => `${role}: ${content}`).slice(1), [
    'user: Hi',
    'assistant: Hello you',
    'user: Again',
  ])
})

test('says that there is no answer, and not why, when the endpoint fails', async () => {
  const endpoint = await startEndpoint([], 401)
  const complaints: unknown[] = []
  const original = console.error
  console.error = (...parts) => complaints.push(parts.join(' '))
  try {
    const chat = await startChat(chooseModel({ OPENAI_BASE_URL: endpoint.url }))
    const told = await chat.turn(await chat.ask('Hi'), 'failed')
    assert.doesNotMatch(JSON.stringify(told), /401|wrong key/)
    assert.match(String(complaints), /401.*wrong key/)
  } finally {
    console.error = original
  }
})

/** A chat with one conversation. */
async function startChat(model: Model) {
  const chat = createChat(model)
  const server = chat.app.listen(0)
  const url = await addressOf(server)
  const { id } = (await (await fetch(`${url}/api/conversations`, { method: 'POST' })).json()) as {
    id: string
  }
  const conversation = `${url}/api/conversations/${id}`
  const post = (path: string, body: unknown = {}) =>
    fetch(`${conversation}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  cleanUp.push(async () => {
    server.close()
    await chat.close({ graceMs: 0 })
    server.closeAllConnections()
  })
  return {
    url,
    post,
    /** @returns the id of the turn. */
    async ask(question: string): Promise<string> {
      const response = await post('turns', { question })
      assert.equal(response.status, 202)
      return ((await response.json()) as { id: string }).id
    },
    streamOf: (turn: string) => `${conversation}/turns/${turn}/events`,
    /** The turn as pages are told of it, once it has this state. */
    async turn(id: string, state: Turn['state']): Promise<Turn> {
      for await (const { event, data } of connect<Events>(`${conversation}/events`)) {
        if (event === 'turn' && data.id === id && data.state === state) return data
      }
      throw new Error('The conversation ended.')
    },
  }
}

/** The tokens of an answer to its end, or so many of them. */
async function textsOf(stream: Connection<Events>, count = Infinity): Promise<string[]> {
  const texts: string[] = []
  for await (const { event, data } of stream) {
    if (event === 'token') texts.push(data.text)
    if (texts.length === count) break
  }
  return texts
}

/** An endpoint that speaks OpenAI's protocol and says always the same. */
async function startEndpoint(pieces: readonly string[], status = 200) {
  const requests: {
    url: string
    authorization: string
    body: { model: string; messages: { role: string; content: string }[] }
  }[] = []
  const server = createServer(async (req, res) => {
    const parts = await req.toArray()
    requests.push({
      url: req.url ?? '',
      authorization: req.headers.authorization ?? '',
      body: JSON.parse(Buffer.concat(parts).toString()),
    })
    if (status !== 200) {
      res.writeHead(status).end('wrong key')
      return
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    const chunks = pieces.map((content) => JSON.stringify({ choices: [{ delta: { content } }] }))
    res.end(
      [JSON.stringify({ choices: [{ delta: { role: 'assistant' } }] }), ...chunks, '[DONE]']
        .map((data) => `data: ${data}\n\n`)
        .join(''),
    )
  }).listen(0)
  cleanUp.push(async () => {
    server.close()
    server.closeAllConnections()
  })
  return { url: await addressOf(server), requests }
}

async function addressOf(server: Server): Promise<string> {
  if (!server.listening) await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  return `http://localhost:${(server.address() as AddressInfo).port}`
}
