import { createTestClient, type TestClient } from '@rivulet/testing'
import { buildPackages, RunningProgram } from '../support/readme-program.ts'
import { placeOf, type Snippet, snippetsOf } from './support/snippet.ts'

const snippets = snippetsOf('docs/migrating.md')
const pairs = snippets.flatMap((before, index) => {
  const after = snippets[index + 1]
  if (before.directive.kind !== 'before') return []
  if (after?.directive.kind !== 'after') throw new Error(`${placeOf(before)} has nothing after it`)
  return [{ place: placeOf(before), before, after }]
})

beforeAll(buildPackages, 300_000)

test('there is a pair for each way to come from', () => {
  const imports = pairs.map(
    ({ before }) => before.code.match(/from '(?:express-sse|better-sse|fastify-sse-v2|@fastify\/sse)'/)?.[0],
  )
  expect(imports).toEqual([
    undefined,
    "from 'express-sse'",
    "from 'better-sse'",
    "from 'fastify-sse-v2'",
    "from '@fastify/sse'",
  ])
  for (const { after } of pairs) expect(after.code).toMatch(/from '@rivulet\/(express|fastify)'/)
})

test.each(pairs)(
  'the same events arrive before and after, at $place',
  async ({ before, after }) => {
    const expected = [1, 2, 3, 4, 5].map((id) => ['order', `{"id":${id},"text":"Füße\\n\\"x\\""}`])
    expect(await run(before)).toEqual({ arrived: expected, missed: [] })
    expect(await run(after)).toEqual({ arrived: expected, missed: ['order', 'order'] })
  },
  60_000,
)

/** What two clients of a program get, and what one of them gets of two events that happened while it was away. */
async function run({ code }: Snippet): Promise<{ arrived: string[][]; missed: string[] }> {
  const program = await RunningProgram.run(code)
  const ada = createTestClient(program.url, '/events', { timeoutMs: 10_000 })
  const ben = createTestClient(program.url, '/events', { timeoutMs: 10_000 })
  try {
    await Promise.all([listens(ada, program.url), listens(ben, program.url)])
    for (const id of [1, 2, 3, 4, 5]) await order(program.url, id)
    const arrived = await ordersOf(ada, 5)
    expect(await ordersOf(ben, 5)).toEqual(arrived)

    await ada.cut()
    await order(program.url, 6)
    await order(program.url, 7)
    const seen = ada.events.length
    await listens(ada, program.url)
    const since = ada.events.slice(seen).filter(({ data }) => /"id":[67],/.test(data))
    return { arrived, missed: since.map(({ event }) => event) }
  } finally {
    await ada.close()
    await ben.close()
    await program.stop()
  }
}

/** Connects; some servers say nothing before the first event, so events are sent until one has come. */
async function listens(client: TestClient, url: string): Promise<void> {
  const seen = client.events.length
  const connected = client.connect()
  while (!client.events.slice(seen).some(({ data }) => data.includes('"id":0,'))) {
    await order(url, 0)
  }
  await connected
}

async function order(url: string, id: number): Promise<void> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ id, text: 'Füße\n"x"' }),
  })
  expect(response.status).toBe(202)
}

/** The next orders that were sent, without those that only wait for clients. */
async function ordersOf(client: TestClient, count: number): Promise<string[][]> {
  const orders: string[][] = []
  while (orders.length < count) {
    const { event, data } = await client.next()
    if (!data.includes('"id":0,')) orders.push([event, data])
  }
  return orders
}
