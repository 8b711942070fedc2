import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import compression from 'compression'
import type { EventStream, SseOptions } from '../../src/index.ts'
import { type SseServer, serve, still } from '../sse/sse-server.ts'
import { pass, useFakeClock } from '../stream/fake-clock.ts'
import { nextTurn } from './story.ts'

const forced = { ...still, headers: { 'Cache-Control': 'no-store' } }

/** A stream that is compressed although it asks not to be, and its client, which reads when it is told to. */
async function compressedStream(
  options: SseOptions = forced,
): Promise<{ server: SseServer; stream: EventStream; response: IncomingMessage }> {
  let resolve: (stream: EventStream) => void
  const opened = new Promise<EventStream>((onOpened) => {
    resolve = onOpened
  })
  const compress = compression()
  const server = await serve((request, response, sse) => {
    compress(request as never, response as never, () => {})
    resolve(sse.open(request, response))
  }, options)
  const request = httpRequest(server.origin, { headers: { 'Accept-Encoding': 'gzip' } }).end()
  const [response] = await once(request, 'response')
  request.on('error', () => {})
  return { server, stream: await opened, response }
}

/** What was decoded so far, once it ends with `text`. */
async function decodedUntil(decoded: Readable, text: string): Promise<string> {
  let received = ''
  for await (const part of decoded.iterator({ destroyOnReturn: false })) {
    received += part
    if (received.endsWith(text)) return received
  }
  throw new Error(`ended after ${JSON.stringify(received)}`)
}

test('S40: each event and each heartbeat arrives while the stream is open', async () => {
  useFakeClock()
  const { stream, response } = await compressedStream({ ...forced, heartbeatMs: 1000 })
  const decoded = response.pipe(createGunzip()).setEncoding('utf8')
  await decodedUntil(decoded, 'retry: 0\n\n')
  stream.send({ data: 'one' })
  await decodedUntil(decoded, 'data: one\n\n')
  await pass(1300)
  await decodedUntil(decoded, ':\n\n')
  stream.send({ data: 'two' })
  await decodedUntil(decoded, 'data: two\n\n')
})

test('drained() and pipe() wait for the compressor', async () => {
  const { stream, response } = await compressedStream()
  const decoded = response.pipe(createGunzip()).setEncoding('utf8')
  const items = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(10_000)}`)
  const piped = stream.pipe(items).then((isWhole) => {
    stream.close()
    return isWhole
  })
  let received = ''
  for await (const part of decoded) received += part
  expect(await piped).toBe(true)
  expect(received).toBe(`retry: 0\n\n${items.map((item) => `data: ${item}\n\n`).join('')}`)
})

test('a client that reads nothing is slow, although its backlog is in the compressor', async () => {
  const { stream, response } = await compressedStream({ ...forced, maxBufferedBytes: 200_000 })
  response.pause()
  const text = randomBytes(30_000).toString('base64')
  let sent = 0
  while (stream.closed === null && sent < 100_000_000) {
    stream.send({ data: text })
    sent += text.length
    await nextTurn()
  }
  expect(stream.closed).toBe('slow')
})

test('and one that reads is not, however much it gets', async () => {
  const { stream, response } = await compressedStream({ ...forced, maxBufferedBytes: 200_000 })
  response.resume()
  for (let count = 0; count < 50; count += 1) {
    stream.send({ data: randomBytes(30_000).toString('base64') })
    await stream.drained()
  }
  expect(stream.closed).toBe(null)
  expect(stream.bufferedBytes).toBeLessThan(200_000)
})
