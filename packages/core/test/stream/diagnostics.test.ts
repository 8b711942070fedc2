import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { StreamCloseMessage, StreamErrorMessage, StreamOpenMessage } from '../../src/index.ts'
import { nextTurn } from '../sink/story.ts'
import { serve, still } from '../sse/sse-server.ts'
import { pass, useFakeClock } from './fake-clock.ts'
import { openStream, StreamClient } from './opened-stream.ts'

const names = ['open', 'close', 'error'] as const
type Message = StreamOpenMessage | StreamCloseMessage | StreamErrorMessage
let messages: [(typeof names)[number], Message][]

const listeners = names.map((name) => {
  // The channel's name says which of the messages it is.
  const listener = (message: unknown) => messages.push([name, message as Message])
  return { name: `rivulet:stream.${name}`, listener }
})

beforeEach(() => {
  messages = []
  for (const { name, listener } of listeners) subscribe(name, listener)
})

afterEach(() => {
  for (const { name, listener } of listeners) unsubscribe(name, listener)
})

test('an open and a close for each stream, with what was written', async () => {
  useFakeClock()
  const { stream } = await openStream()
  expect(messages).toEqual([['open', { stream }]])
  stream.send({ data: 'ü' })
  stream.comment('x')
  stream.send({ event: 'e', data: '' })
  await pass(5000)
  stream.end()
  const written = 'retry: 0\n\ndata: ü\n\n: x\n\nevent: e\ndata: \n\nid: .end\nevent: $end\ndata: {}\n\n'
  expect(messages[1]).toEqual([
    'close',
    {
      stream,
      reason: 'end',
      ageMs: expect.any(Number),
      eventCount: 3,
      byteCount: Buffer.byteLength(written),
    },
  ])
  expect(messages[1]?.[1]).toHaveProperty('ageMs', 5000)
  await nextTurn()
  expect(messages).toHaveLength(2)
})

test('the open comes first, also for a stream that its signal closes at once', async () => {
  await openStream({ signal: AbortSignal.abort() })
  expect(messages.map(([name]) => name)).toEqual(['open', 'close'])
})

test('only a close for a stream that was refused', async () => {
  const server = await serve((request, response, sse) => sse.open(request, response), {
    ...still,
    negotiate: true,
  })
  await StreamClient.connect(server.origin, { headers: { accept: 'text/html' } })
  expect(messages).toEqual([
    ['close', expect.objectContaining({ reason: 'refused', ageMs: 0, eventCount: 0, byteCount: 0 })],
  ])
})

test('an error before the close that it leads to', async () => {
  const error = new Error('of the handler')
  const server = await serve(
    (request, response, sse) => {
      sse.open(request, response, () => {
        throw error
      })
    },
    { ...still, onError: () => {} },
  )
  await StreamClient.connect(server.origin)
  expect(messages.map(([name]) => name)).toEqual(['open', 'error', 'close'])
  expect(messages[1]?.[1]).toHaveProperty('error', error)
  expect(messages[2]?.[1]).toHaveProperty('reason', 'error')
})
