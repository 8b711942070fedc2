import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createActivityLog } from '../src/app.js'
import type { Entry } from '../src/log-feed.js'
import type { Rates } from '../src/rates.js'

const printed: string[] = []
const activity = createActivityLog({ output: { write: (line) => printed.push(line) } })
const server = activity.app.listen(0)
let url = ''

before(async () => {
  if (!server.listening) await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  url = `http://localhost:${(server.address() as AddressInfo).port}`
})

after(async () => {
  server.close()
  await activity.close({ graceMs: 0 })
  server.closeAllConnections()
})

test('shows what requests do, as pino logs it', async () => {
  const found = entries('debug', ({ message }) => message === 'GET /api/time 200')
  await fetch(`${url}/api/time?secret=none`, { headers: { cookie: 'session=abc' } })
  const entry = (await found).at(-1)
  assert.equal(entry?.level, 'info')
  assert.equal(entry?.lines, 1)
  assert.deepEqual(entry?.details.res, { statusCode: 200 })
  assert.doesNotMatch(JSON.stringify(entry), /session=abc/)
  assert.ok(printed.some((line) => line.includes('GET /api/time 200')))
})

test('logs a failure with its stack, and tells the visitor nothing of it', async () => {
  const found = entries('error', ({ message }) => message === 'GET /api/fail 500')
  const answer = await fetch(`${url}/api/fail`)
  assert.equal(answer.status, 500)
  assert.doesNotMatch(await answer.text(), /always fails/)
  assert.match(JSON.stringify((await found).at(-1)?.details), /This route always fails.*app\.[jt]s/)
})

test('sends only the lines that a page asks for', async () => {
  activity.log.debug('a debug line')
  activity.log.info('an info line')
  activity.log.warn('a warning')
  activity.log.error('an error')
  const isLast = ({ message }: Entry) => message === 'an error'
  const seen = async (level: string) => new Set((await entries(level, isLast)).map((entry) => entry.level))
  assert.deepEqual(await seen('warn'), new Set(['warn', 'error']))
  assert.deepEqual(await seen('error'), new Set(['error']))
  // What is no level is the default.
  assert.deepEqual(await seen('everything'), new Set(['info', 'warn', 'error']))
})

test('keeps from browsers what has to stay on the server', async () => {
  activity.log.info({ user: { name: 'Ada', password: 'enigma', token: 't-1' } }, 'logged in')
  const entry = (await entries('info', ({ message }) => message === 'logged in')).at(-1)
  assert.deepEqual(entry?.details.user, { name: 'Ada', password: '[Redacted]', token: '[Redacted]' })
})

test('makes few events of a flood, and counts every line', async () => {
  const lines = 20_000
  const found = entries('debug', ({ message }) => message === 'flood over')
  for (let number = 0; number < lines; number += 1) activity.log.debug({ number }, `flood line ${number}`)
  activity.log.info('flood over')
  const flood = (await found).filter(({ kind }) => kind === 'debug flood line #')
  assert.ok(flood.length <= 100, `${flood.length} events`)
  assert.equal(flood.at(-1)?.linesOfKind, lines)
  assert.equal(flood.at(-1)?.message, `flood line ${lines - 1}`)
})

test('floods on request, and once at a time', async () => {
  const found = entries('info', ({ message }) => message === 'search done')
  const begun = await fetch(`${url}/api/search`, { method: 'POST' })
  assert.equal(begun.status, 202)
  assert.equal((await fetch(`${url}/api/search`, { method: 'POST' })).status, 409)
  // Others are served meanwhile.
  assert.equal((await fetch(`${url}/api/time`)).status, 200)
  await found
})

test('counts lines by level, once a second', async () => {
  activity.log.warn('one to count')
  const counts = await firstOf<Rates>('debug', 'rates', (data) => data.warn > 0)
  assert.ok(counts.at > 0 && counts.error >= 0)
})

test('serves the page', async () => {
  const answer = await fetch(url)
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /<title>Server activity<\/title>/)
})

/** Every entry that a page gets, from the oldest to the first that is wanted. */
async function entries(level: string, isWanted: (entry: Entry) => boolean): Promise<Entry[]> {
  const seen: Entry[] = []
  await firstOf<Entry>(level, 'entry', (data) => {
    seen.push(data)
    return isWanted(data)
  })
  return seen
}

async function firstOf<Data>(level: string, event: string, isWanted: (data: Data) => boolean): Promise<Data> {
  const { body } = await fetch(`${url}/events?level=${level}`)
  assert.ok(body)
  let text = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      if (!block.includes(`event: ${event}\n`)) continue
      // Each event type has one kind of payload.
      const data = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null') as Data
      if (isWanted(data)) return data
    }
  }
  throw new Error('The stream ended.')
}
