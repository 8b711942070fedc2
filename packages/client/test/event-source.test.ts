import { createEventSource, type EventSourceLike, type EventSourceMessage } from '@rivulet/client/eventsource'
import { ScriptedServer } from './scripted-server.ts'
import { answers, type Step, streams } from './steps.ts'

const servers: ScriptedServer[] = []
const sources: EventSourceLike[] = []

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  for (const server of servers.splice(0)) await server.close()
})

async function serve(...steps: Step[]): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(...steps)
  servers.push(server)
  return server
}

function open(url: string, options: Parameters<typeof createEventSource>[1] = {}): EventSourceLike {
  const source = createEventSource(url, { retryMs: 5, ...options })
  sources.push(source)
  return source
}

/** What happens to a source, in order, until it has gone through so much. */
function watch(
  source: EventSourceLike,
  count: number,
  types: readonly string[] = ['message'],
): Promise<string[]> {
  const seen: string[] = []
  return new Promise((resolve) => {
    const note = (what: string) => {
      seen.push(`${what} ${source.readyState}`)
      if (seen.length === count) resolve(seen)
    }
    for (const type of types) {
      source.addEventListener(type, (event) => note(`${type}(${Reflect.get(event, 'data')})`))
    }
    source.addEventListener('open', () => note('open'))
    source.addEventListener('error', () => note('error'))
  })
}

test('C2 C18: opens, dispatches, and tells of a break by a plain error event while it connects again', async () => {
  const server = await serve(
    streams('id: 1\nevent: made\ndata: {"n":1}\n\ndata: 2\n\n'),
    streams('data: 3\n\n', { stays: true }),
  )
  const source = open(server.url)
  expect(source.readyState).toBe(source.CONNECTING)
  expect(source.url).toBe(server.url)
  expect(await watch(source, 6, ['message', 'made'])).toEqual([
    'open 1',
    'made({"n":1}) 1',
    'message(2) 1',
    'error 0',
    'open 1',
    'message(3) 1',
  ])
})

test('events carry id and origin, as text, and bubble nowhere', async () => {
  const server = await serve(streams('id: 7\ndata: {"n":1}\n\n', { stays: true }))
  const source = open(server.url)
  const event = await new Promise<EventSourceMessage>((resolve) => {
    source.onmessage = resolve
  })
  expect(event).toMatchObject({
    type: 'message',
    data: '{"n":1}',
    lastEventId: '7',
    origin: new URL(server.url).origin,
    bubbles: false,
    cancelable: false,
  })
})

test.each([
  ['C13: 204', answers(204)],
  ['C6: 404', answers(404)],
] as const)('%s is one error event, and closed', async (_name, step) => {
  const server = await serve(step)
  const source = open(server.url)
  const errors: number[] = []
  await new Promise<void>((resolve) => {
    source.onerror = () => {
      errors.push(source.readyState)
      setTimeout(resolve, 30)
    }
  })
  expect(errors).toEqual([source.CLOSED])
  expect(server.requests).toHaveLength(1)
})

test('C12: close() in a handler: no more events, and no error', async () => {
  const server = await serve(streams('data: 1\n\ndata: 2\n\n'))
  const source = open(server.url)
  const seen: unknown[] = []
  source.onerror = () => seen.push('error')
  await new Promise<void>((resolve) => {
    source.onmessage = ({ data }) => {
      seen.push(data)
      source.close()
      setTimeout(resolve, 30)
    }
  })
  expect(seen).toEqual(['1'])
  expect(source.readyState).toBe(source.CLOSED)
})

test('has headers and POST, which the standard has not', async () => {
  const server = await serve(streams('data: 1\n\n', { stays: true }))
  const source = open(server.url, { headers: { 'X-Own': 'yes' }, body: 'q' })
  await watch(source, 2)
  expect(server.requests[0]).toMatchObject({ method: 'POST', body: 'q', headers: { 'x-own': 'yes' } })
})

test('C19: a bad URL throws at once', () => {
  expect(() => createEventSource('http://')).toThrow()
})
