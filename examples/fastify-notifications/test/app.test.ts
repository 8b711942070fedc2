import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../src/app.js'

// With REDIS_URL these tests use that Redis, and leave what they sent in it.
let app: FastifyInstance
let url = ''
/** Says what is of this run where Redis still has earlier ones. */
let run = ''

before(async () => {
  app = await createApp({ redisUrl: process.env.REDIS_URL, cookieSecret: 'a secret for tests, long enough' })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})

beforeEach(() => {
  run = crypto.randomUUID()
})

afterEach(() => {
  app.sse.closeWhere(() => true)
})

after(() => app.close())

test('a page gets its inbox, then what is sent to the person', async () => {
  const ada = await logIn('ada')
  const stream = await open(ada)
  await stream.until('event: $ready')
  await sendTo(await logIn('ben'), 'user:ada', `Hello ${run}`)
  const text = await stream.until(`Hello ${run}`)
  assert.match(text, /event: inbox.*event: \$ready.*event: notification\.created/s)
})

test('a team hears what is sent to it, others do not', async () => {
  const [chi, ben] = [await open(await logIn('chi')), await open(await logIn('ben'))]
  const ada = await logIn('ada')
  await sendTo(ada, 'team:design', `For design ${run}`)
  await chi.until(`For design ${run}`)
  await sendTo(ada, 'user:ben', `For Ben ${run}`)
  assert.doesNotMatch(await ben.until(`For Ben ${run}`), new RegExp(`For design ${run}`))
})

test('topics are those of the session, whatever the address says', async () => {
  const ben = await open(await logIn('ben'), '?topics=user:ada&person=ada')
  const ada = await logIn('ada')
  await sendTo(ada, 'user:ada', `Private ${run}`)
  await sendTo(ada, 'user:ben', `For Ben ${run}`)
  assert.doesNotMatch(await ben.until(`For Ben ${run}`), new RegExp(`Private ${run}`))
})

test('who reads something in one tab has read it in the others, and in those that come later', async () => {
  const ada = await logIn('ada')
  const tab = await open(ada)
  const id = await sendTo(ada, 'user:ada', `Read me ${run}`)
  await tab.until(id)
  assert.equal((await post(ada, '/api/notifications/read', { ids: [id] })).status, 204)
  await tab.until(`event: notification.read\ndata: {"ids":["${id}"]}`)
  const later = await (await open(ada)).until('event: $ready')
  const { notifications } = JSON.parse(/event: inbox\ndata: (.*)/.exec(later)?.[1] ?? '{}')
  assert.equal(notifications.find((notification: { id: string }) => notification.id === id).isRead, true)
})

test('a page that comes back gets what it missed, and no second inbox', async () => {
  const ada = await logIn('ada')
  const before = await (await open(ada)).until('event: $ready', true)
  await sendTo(ada, 'team:platform', `Meanwhile ${run}`)
  const lastId = before.match(/(?<=^id: ).*$/gm)?.at(-1)
  const text = await (await open(ada, `?lastEventId=${lastId}`)).until(`Meanwhile ${run}`)
  assert.doesNotMatch(text, /event: inbox/)
})

test('nobody hears anything without a session, or with a forged one', async () => {
  for (const cookie of ['', 'session=ada/x/9999999999999', `session=ada/x/9999999999999.${'A'.repeat(43)}`]) {
    assert.equal((await fetch(`${url}/api/events`, { headers: { cookie } })).status, 401)
  }
})

test('logging out hangs up on the other tabs, and only on those', async () => {
  const [ada, elsewhere] = [await logIn('ada'), await logIn('ada')]
  const [tab, other] = [await open(ada), await open(elsewhere)]
  await Promise.all([tab.until('event: $ready'), other.until('event: $ready')])
  assert.equal((await post(ada, '/api/logout')).status, 204)
  await tab.ended()
  await sendTo(elsewhere, 'user:ada', `Still here ${run}`)
  await other.until(`Still here ${run}`)
})

test('one person gets so many streams and no more; the next waits', async () => {
  const chi = await logIn('chi')
  for (let count = 0; count < 6; count += 1) await (await open(chi)).until('event: $ready')
  assert.match(await (await open(chi)).ended(), /^retry: \d+\n\n$/)
})

test('what is sent is checked', async () => {
  const ada = await logIn('ada')
  const bodies = [
    {},
    { to: 'user:ada' },
    { to: 'user:ada', text: ' ' },
    { to: 'user:ada', text: 'x'.repeat(201) },
  ]
  for (const body of bodies) assert.equal((await post(ada, '/api/notifications', body)).status, 400)
  assert.equal((await post(ada, '/api/notifications', { to: 'user:nobody', text: 'x' })).status, 404)
  assert.equal((await post('', '/api/notifications', { to: 'user:ada', text: 'x' })).status, 401)
})

test('the documentation has every event with its payload', async () => {
  const document = (await (await fetch(`${url}/docs/json`)).json()) as {
    openapi: string
    components: { schemas: object }
  }
  assert.equal(document.openapi, '3.1.0')
  for (const event of ['inbox', 'notification.created', 'notification.read', '$ready', '$gap']) {
    assert.ok(JSON.stringify(document).includes(`"title":"${event}"`), event)
  }
  assert.ok('Notification' in document.components.schemas)
})

/** @returns the cookie */
async function logIn(person: string): Promise<string> {
  const response = await post('', '/api/login', { person })
  assert.equal(response.status, 200)
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

/** @returns the notification's id */
async function sendTo(cookie: string, to: string, text: string): Promise<string> {
  const response = await post(cookie, '/api/notifications', { to, text })
  assert.equal(response.status, 201)
  return ((await response.json()) as { id: string }).id
}

function post(cookie: string, path: string, body?: unknown): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { cookie, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

async function open(cookie: string, query = '') {
  const response = await fetch(`${url}/api/events${query}`, { headers: { cookie } })
  assert.equal(response.status, 200)
  assert.ok(response.body)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  /** Reads on until `isEnough`; `false` where the stream ended before. */
  async function read(isEnough: () => boolean): Promise<boolean> {
    while (!isEnough()) {
      const { done, value } = await reader.read()
      if (done) return false
      text += value
    }
    return true
  }
  return {
    /** Everything so far, once this text is in a complete block. */
    async until(words: string, thenLeave = false): Promise<string> {
      const isIn = () => text.includes(words) && text.indexOf('\n\n', text.indexOf(words)) !== -1
      assert.ok(await read(isIn), `The stream ended without ${words}:\n${text}`)
      if (thenLeave) await reader.cancel()
      return text
    },
    async ended(): Promise<string> {
      await read(() => false)
      return text
    },
  }
}
