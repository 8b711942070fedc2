import { createEventSource, type EventSourceMessage } from '@rivulet/client/eventsource'
import { openSource, watchSource } from './cases/watching.ts'
import { serve } from './serving.ts'
import { streams } from './steps.ts'

test('events carry id and origin, as text', async () => {
  const server = await serve(streams('id: 7\ndata: {"n":1}\n\n', { stays: true }))
  const source = openSource(server.url)
  const event = await new Promise<EventSourceMessage>((resolve) => {
    source.onmessage = resolve
  })
  source.close()
  expect(event).toMatchObject({
    type: 'message',
    data: '{"n":1}',
    lastEventId: '7',
    origin: new URL(server.url).origin,
  })
})

test('has headers and POST, which the standard has not', async () => {
  const server = await serve(streams('data: 1\n\n', { stays: true }))
  const source = openSource(server.url, { headers: { 'X-Own': 'yes' }, body: 'q' })
  await watchSource(source, 2)
  expect(server.requests[0]).toMatchObject({ method: 'POST', body: 'q', headers: { 'x-own': 'yes' } })
})

test('is what the standard says of itself', async () => {
  const server = await serve(streams('data: 1\n\n', { stays: true }))
  const source = openSource(server.url)
  expect(source).toBeInstanceOf(EventTarget)
  expect([source.CONNECTING, source.OPEN, source.CLOSED]).toEqual([0, 1, 2])
  expect(source).toMatchObject({ url: server.url, withCredentials: false, readyState: 0 })
  expect([source.onopen, source.onmessage, source.onerror]).toEqual([null, null, null])
  await watchSource(source, 1)
  expect(source.readyState).toBe(source.CLOSED)
})

test('on… attributes are listeners at the place where they were set, and can be replaced and taken away', async () => {
  const server = await serve(streams('data: 1\n\ndata: 2\n\ndata: 3\n\n', { stays: true }))
  const source = openSource(server.url)
  const seen: string[] = []
  source.onmessage = () => seen.push('never')
  source.addEventListener('message', ({ data }) => seen.push(`listener ${data}`))
  source.onmessage = function replaced(this: unknown, { data }) {
    seen.push(`handler ${data} ${this === source}`)
    if (data === '2') source.onmessage = null
  }
  await new Promise<void>((resolve) => {
    source.addEventListener('message', ({ data }) => {
      if (data === '3') resolve()
    })
  })
  source.close()
  expect(source.onmessage).toBeNull()
  expect(seen).toEqual(['handler 1 true', 'listener 1', 'handler 2 true', 'listener 2', 'listener 3'])
  source.onopen = 'no function' as never
  expect(source.onopen).toBeNull()
})

test('bad options throw at once', () => {
  const refused = expect.objectContaining({ code: 'ERR_SSE_CLIENT_OPTION' })
  expect(() => createEventSource('http://127.0.0.1/', { silenceMs: 0 })).toThrow(refused)
})
