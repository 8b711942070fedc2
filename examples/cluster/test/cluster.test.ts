import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Order } from '../src/events.js'
import { type Cluster, missingFor, startCluster } from '../start/cluster.js'

// With REDIS_URL and DATABASE_URL these tests use those, kill neither, and leave their orders there.
const engines = { redisUrl: process.env.REDIS_URL, databaseUrl: process.env.DATABASE_URL }
const missing = missingFor(engines)
const skip = missing === '' ? false : missing
let cluster: Cluster

before(async () => {
  if (skip === false) cluster = await startCluster({ ...engines, port: 0, print: () => {} })
})
after(() => cluster?.stop())

test('an order is published with its transaction, and a refused one is not', { skip }, async () => {
  const page = new Page()
  await page.opened
  const first = await place({ product: 'Coffee', quantity: 2 })
  const refused = await post({ key: randomUUID(), product: 'Concert ticket', quantity: 100 })
  assert.equal(refused.status, 409)
  const second = await place({ product: 'Tea', quantity: 1 })
  await page.has(second.number)
  assert.equal(second.number, first.number + 1)
  assert.deepEqual(
    page.orders.map(({ number, product, quantity }) => [number, product, quantity]),
    [
      [first.number, 'Coffee', 2],
      [second.number, 'Tea', 1],
    ],
  )
  page.close()
})

test('an order that is sent again is the same order', { skip }, async () => {
  const page = new Page()
  await page.opened
  const wish = { key: randomUUID(), product: 'Tea', quantity: 1 }
  const answers = await Promise.all([post(wish), post(wish), post(wish)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201])
  const orders = (await Promise.all(answers.map((answer) => answer.json()))) as Order[]
  assert.equal(new Set(orders.map(({ number }) => number)).size, 1)
  const next = await place({ product: 'Tea', quantity: 1 })
  await page.has(next.number)
  assert.equal(page.orders.length, 2)
  page.close()
})

test('what is sent is checked', { skip }, async () => {
  const key = randomUUID()
  for (const body of [{}, { key, product: 'Tea', quantity: 0 }, { key: '1', product: 'Tea', quantity: 1 }]) {
    assert.equal((await post(body)).status, 400)
  }
})

test('nothing is lost and nothing comes twice, whatever is killed', { skip, timeout: 120_000 }, async () => {
  const page = new Page()
  await page.opened
  const placed: Order[] = []
  let isOrdering = true
  const ordering = (async () => {
    while (isOrdering) placed.push(await place({ product: 'Coffee', quantity: 1 }))
  })()
  for (const service of cluster.services) {
    const { length } = placed
    service.kill()
    // On with the next one when orders are taken again.
    while (placed.length < length + 20) await wait(20)
  }
  isOrdering = false
  await ordering

  await page.has(placed.at(-1)?.number ?? 0)
  // Every order that was confirmed, in the order of the commits. `placed` has no number twice, so neither has the page.
  assert.deepEqual(
    page.orders.map(({ number }) => number),
    placed.map(({ number }) => number),
  )
  const numbers = placed.map(({ number }) => number)
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, index) => (numbers[0] ?? 0) + index),
  )
  assert.deepEqual(page.gaps, [])
  assert.ok(page.connections > 1)
  page.close()
})

interface Wish {
  readonly product: string
  readonly quantity: number
}

function post(body: unknown): Promise<Response> {
  return fetch(`${cluster.url}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Orders, and asks again with the same key where no answer came, as the page does. */
async function place(wish: Wish): Promise<Order> {
  const body = { ...wish, key: randomUUID() }
  while (true) {
    const answer = await post(body).catch(() => null)
    const order = answer?.ok ? await answer.json().catch(() => null) : null
    if (order !== null) return order as Order
    await wait(100)
  }
}

/** What a browser does: follows, comes back whenever it was cut off, and says where it was. */
class Page {
  readonly orders: Order[] = []
  /** Told of by the server: nothing may be missing silently, and here nothing may be missing. */
  readonly gaps: string[] = []
  connections = 0
  readonly opened: Promise<void>
  readonly #abort = new AbortController()
  #lastId = ''
  #isOpened = () => {}
  #arrived = () => {}

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#isOpened = resolve
    })
    void this.#follow()
  }

  /** Resolves when an order of this number has come. */
  async has(number: number): Promise<void> {
    while (!this.orders.some((order) => order.number === number)) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }

  close(): void {
    this.#abort.abort()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#connect(signal).catch(() => {}) // Cut off: it comes back.
      await wait(200)
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const headers = { accept: 'text/event-stream', ...(this.#lastId && { 'last-event-id': this.#lastId }) }
    const response = await fetch(`${cluster.url}/api/events`, { signal, headers })
    this.connections += 1
    let text = ''
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + piece).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) this.#take(block)
    }
  }

  #take(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    this.#lastId = field('id') ?? this.#lastId
    const event = field('event')
    if (event === '$gap') this.gaps.push(block)
    if (event === '$ready') this.#isOpened()
    if (event !== 'order') return
    this.orders.push(JSON.parse(field('data') ?? ''))
    this.#arrived()
  }
}
