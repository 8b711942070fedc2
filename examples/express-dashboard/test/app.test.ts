import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createDashboard } from '../src/app.js'

const dashboard = createDashboard()
const server = dashboard.app.listen(0)
let url = ''

before(async () => {
  if (!server.listening) await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  url = `http://localhost:${(server.address() as AddressInfo).port}`
})

after(async () => {
  server.close()
  await dashboard.close({ graceMs: 100 })
  server.closeAllConnections()
})

test('streams the figures of this machine', async () => {
  const text = await readUntil(await fetch(`${url}/events`), 'event: sample')
  const block = text.split('\n\n').find((lines) => lines.includes('event: sample'))
  const sample = JSON.parse(/^data: (.*)$/m.exec(block ?? '')?.[1] ?? 'null')
  assert.ok(sample.seq >= 1)
  assert.ok(sample.cpuPercent >= 0 && sample.cpuPercent <= 100)
  assert.ok(sample.memoryUsedBytes > 0 && sample.memoryUsedBytes <= sample.memoryTotalBytes)
  assert.ok(sample.loopMedianMs >= 0 && sample.loopWorstMs >= sample.loopMedianMs)
})

test('drops the stream of the page that asks for it, and no other', async () => {
  const mine = await fetch(`${url}/events?page=mine`)
  const other = await fetch(`${url}/events?page=other`)

  const answer = await fetch(`${url}/drop?page=mine`, { method: 'POST' })
  assert.equal(answer.status, 204)

  assert.match(await mine.text(), /event: welcome/)
  await readUntil(other, 'event: sample')
})

test('wants to know whose connection to drop', async () => {
  const answer = await fetch(`${url}/drop`, { method: 'POST' })
  assert.equal(answer.status, 400)
})

test('shows a note to every page, also to those that come back and those that come later', async () => {
  const away = await readUntil(await fetch(`${url}/events`), 'event: sample')
  const lastId =
    away
      .match(/^id: (.*)$/gm)
      ?.at(-1)
      ?.slice('id: '.length) ?? ''

  const answer = await mark({ text: ' Deploy started ' })
  assert.equal(answer.status, 201)

  for (const headers of [{ 'last-event-id': lastId }, {}]) {
    const text = await readUntil(await fetch(`${url}/events`, { headers }), 'event: mark')
    assert.match(text, /"text":"Deploy started"/)
  }
})

test('takes nothing for a note that is none', async () => {
  for (const body of [{}, { text: '' }, { text: 7 }, { text: 'x'.repeat(61) }, null]) {
    assert.equal((await mark(body)).status, 400)
  }
})

function mark(body: unknown): Promise<Response> {
  return fetch(`${url}/marks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

test('serves the page', async () => {
  const answer = await fetch(url)
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /<title>This machine, live<\/title>/)
})

/** The text of a stream up to the end of the block in which `wanted` stands; then hangs up. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  assert.ok(response.body)
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const at = text.indexOf(wanted)
    if (at !== -1 && text.includes('\n\n', at)) return text
  }
  throw new Error(`The stream ended without "${wanted}":\n${text}`)
}
