import { collect } from '@rivulet/testing'
import { buildPackages, RunningProgram, readProgram } from '../support/readme-program.ts'

const running: RunningProgram[] = []

beforeAll(buildPackages, 120_000)

afterAll(async () => {
  for (const program of running) await program.stop()
})

async function start(readme: string): Promise<string> {
  const program = await RunningProgram.start(readme)
  running.push(program)
  return program.url
}

test("the README's first program has at most 15 lines", () => {
  expect(readProgram('README.md').trim().split('\n').length).toBeLessThanOrEqual(15)
})

test("the README's first program runs, and resumes what a client missed", async () => {
  const url = await start('README.md')
  const first = await collect(url, '/clock', { count: 2 })
  expect(first.status).toBe(200)
  expect(first.events.map(({ event }) => event)).toEqual(expect.arrayContaining(['$ready', 'tick']))

  const [ready] = first.events
  const again = await collect(url, '/clock', { count: 2, lastEventId: ready?.id ?? '' })
  expect(again.events.find(({ event }) => event === '$ready')?.data).toContain('"resumed":true')
  expect(again.events.find(({ event }) => event === 'tick')).toEqual(
    first.events.find(({ event }) => event === 'tick'),
  )
})

test("the program of the client's README runs", async () => {
  const url = await start('packages/client/README.md')
  expect((await collect(url, '/clock', { count: 2 })).events.at(-1)?.event).toBe('tick')
})

test("the program of the metrics' README runs, and is scraped", async () => {
  const url = await start('packages/metrics/README.md')
  await collect(url, '/clock', { count: 1 })
  const metrics = await fetch(`${url}/metrics`)
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=/)
  expect(await metrics.text()).toMatch(/^rivulet_streams_opened_total 1$/m)
})

test("the program of the OpenAPI package's README runs, and describes its stream", async () => {
  const url = await start('packages/openapi/README.md')
  expect((await collect(url, '/clock', { count: 1 })).events.at(-1)?.event).toBe('tick')
  const document = await (await fetch(`${url}/openapi.json`)).json()
  expect(JSON.stringify(document)).toContain('"const":"tick"')
})
