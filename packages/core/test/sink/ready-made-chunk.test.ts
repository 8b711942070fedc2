import type { Socket } from 'node:net'
import type { EventStream } from '../../src/index.ts'
import { serve } from '../sse/sse-server.ts'
import { exchange, get, parseResponse } from './raw-http.ts'
import { nextTurn, writeAlone, writeTogether } from './story.ts'

/** The blocks of a stream and what its socket was given to write, one entry per call. */
async function writesOf(use: (stream: EventStream) => void): Promise<{ body: string; writes: string[] }> {
  const writes: string[] = []
  const server = await serve((request, response, sse) => {
    const stream = sse.open(request, response)
    recordWrites(request.socket, writes)
    use(stream)
    response.end()
  })
  const { body } = parseResponse(await exchange(server.port, get('/', 'Connection: close')))
  return { body: body.toString(), writes }
}

function recordWrites(socket: Socket, writes: string[]): void {
  const { write } = socket
  socket.write = (...given: unknown[]) => {
    writes.push(String(given[0]))
    return Reflect.apply(write, socket, given)
  }
}

test('each block is one write of bytes that were made once', async () => {
  const { body, writes } = await writesOf((stream) => {
    stream.send({ data: 1 })
    stream.comment('two')
    stream.send({ data: 'x'.repeat(1024 * 1024) })
  })
  expect(writes.slice(0, 3)).toEqual([
    '9\r\ndata: 1\n\n\r\n',
    '7\r\n: two\n\n\r\n',
    `100008\r\ndata: ${'x'.repeat(1024 * 1024)}\n\n\r\n`,
  ])
  expect(body).toHaveLength('retry: 0\n\ndata: 1\n\n: two\n\n'.length + 0x100008)
})

test('a frame alone in its turn leaves at once, and one that is not waits for its place', async () => {
  const server = await serve(async (request, response, sse) => {
    const stream = sse.open(request, response)
    await nextTurn()
    const { socket } = request
    writeAlone(stream, ': alone\n\n')
    expect(socket.writableCorked).toBe(0)
    stream.send({ data: 1 })
    writeAlone(stream, ': not alone\n\n')
    expect(socket.writableCorked).toBe(1)
    stream.close()
  })
  const { body } = parseResponse(await exchange(server.port, get('/', 'Connection: close')))
  expect(body.toString()).toBe('retry: 0\n\n: alone\n\ndata: 1\n\n: not alone\n\n')
})

test('what is written together leaves in one write, at once', async () => {
  let connection: Socket | undefined
  const pieces: number[] = []
  const server = await serve(async (request, response, sse) => {
    connection = request.socket
    const stream = sse.open(request, response)
    await nextTurn()
    const { _writev: writev } = request.socket
    request.socket._writev = function (chunks, callback) {
      pieces.push(chunks.length)
      writev?.call(this, chunks, callback)
    }
    writeTogether(stream, () => {
      writeAlone(stream, ': one\n\n')
      writeAlone(stream, ': two\n\n')
      expect(pieces).toEqual([])
    })
    expect(pieces).toEqual([2])
    expect(connection.writableCorked).toBe(0)
    stream.close()
  })
  const { body } = parseResponse(await exchange(server.port, get('/', 'Connection: close')))
  expect(body.toString()).toBe('retry: 0\n\n: one\n\n: two\n\n')
})

test('the response is chunked as before afterwards', async () => {
  const server = await serve((request, response, sse) => {
    const stream = sse.open(request, response)
    stream.send({ data: 1 })
    expect(response).toHaveProperty('chunkedEncoding', true)
    response.end(': mine\n\n')
  })
  const { body } = parseResponse(await exchange(server.port, get('/', 'Connection: close')))
  expect(body.toString()).toBe('retry: 0\n\ndata: 1\n\n: mine\n\n')
})
