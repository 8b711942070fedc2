import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { EventStream } from '../../src/index.ts'
import { serve } from '../sse/sse-server.ts'
import { get, open, parseResponse, type RawResponse, receiveAll, receiveUntil } from './raw-http.ts'
import { nextTurn, writeAlone } from './story.ts'

const close = 'Connection: close'

describe('after somebody else ended the response of a stream', () => {
  /** When the stream is used although its response was ended; each gives what `send` said. */
  const lateSends: Record<string, (stream: EventStream, response: ServerResponse) => unknown> = {
    'in the same tick': (stream) => stream.send({ data: 'late' }),
    'in a microtask': async (stream) => stream.send({ data: await 'late' }),
    'in the next turn': async (stream) => {
      await nextTurn()
      return stream.send({ data: 'late' })
    },
    'when the response finished': async (stream, response) => {
      await once(response, 'finish')
      return stream.send({ data: 'late' })
    },
    'of a channel': (stream) => writeAlone(stream, 'data: late\n\n'),
    'of a channel in the next turn': async (stream) => {
      await nextTurn()
      return writeAlone(stream, 'data: late\n\n')
    },
    'of a channel when the response finished': async (stream, response) => {
      await once(response, 'finish')
      return writeAlone(stream, 'data: late\n\n')
    },
    'by its own end': (stream) => {
      stream.end()
      return false
    },
    'by a drain': async (stream) => {
      await stream.drained()
      return stream.comment('late')
    },
  }

  test.each(Object.entries(lateSends))('a send %s does not reach the next response', async (_when, late) => {
    const said: unknown[] = []
    const server = await serve(async (request, serverResponse, sse) => {
      const response = serverResponse as ServerResponse // an HTTP/1.1 server
      if (request.url === '/next') {
        response.end('next')
        return
      }
      const stream = sse.open(request, response)
      stream.send({ data: 'in time' })
      response.end(': the end\n\n')
      said.push(await late(stream, response), stream.closed)
    })
    const socket = open(server.port)
    const received = receiveAll(socket)
    socket.write(get('/stream') + get('/next', close))
    const stream = parseResponse(await received)
    const next = parseResponse(stream.rest)
    expect(stream.body.toString()).toBe('retry: 0\n\ndata: in time\n\n: the end\n\n')
    expect(next.body.toString()).toBe('next')
    expect(next.rest).toHaveLength(0)
    expect(said).toEqual([false, 'server'])
    expect(server.sse.streams.size).toBe(0)
  })

  test('while the next response is being written', async () => {
    const streams: EventStream[] = []
    const server = await serve((request, serverResponse, sse) => {
      const response = serverResponse as ServerResponse // an HTTP/1.1 server
      if (request.url === '/next') {
        response.write('ne')
        for (const stream of streams) {
          expect(stream.send({ data: 'late' })).toBe(false)
          expect(writeAlone(stream, 'data: late\n\n')).toBe(false)
        }
        response.end('xt')
        return
      }
      streams.push(sse.open(request, response))
      response.end()
    })
    const socket = open(server.port)
    socket.write(get('/stream'))
    const first = parseResponse(await receiveUntil(socket, '0\r\n\r\n'))
    const received = receiveAll(socket)
    socket.write(get('/next', close))
    expect(first.body.toString()).toBe('retry: 0\n\n')
    expect(parseResponse(await received).body.toString()).toBe('next')
  })
})

test('a connection serves one stream after the other, each whole', async () => {
  const server = await serve((request, response, sse) => {
    const stream = sse.open(request, response)
    stream.send({ data: request.url })
    if (request.url === '/ended') stream.end()
    else stream.close()
  })
  const socket = open(server.port)
  const received = receiveAll(socket)
  socket.write(get('/closed') + get('/ended') + get('/again') + get('/last', close))
  let rest = await received
  const bodies: string[] = []
  while (rest.length > 0) {
    const response: RawResponse = parseResponse(rest)
    bodies.push(response.body.toString())
    rest = response.rest
  }
  expect(bodies).toEqual([
    'retry: 0\n\ndata: /closed\n\n',
    'retry: 0\n\ndata: /ended\n\nid: .end\nevent: $end\ndata: {}\n\n',
    'retry: 0\n\ndata: /again\n\n',
    'retry: 0\n\ndata: /last\n\n',
  ])
})

test("a server's own time-out is there again for what follows on the connection", async () => {
  let timeoutDuringStream: number | undefined
  let timeoutAfter: number | undefined
  const server = await serve((request, response, sse) => {
    if (request.url === '/next') {
      timeoutAfter = request.socket.timeout
      response.end()
      return
    }
    Object.assign(Reflect.get(request.socket, 'server'), { timeout: 60_000 })
    request.socket.setTimeout(60_000)
    const stream = sse.open(request, response)
    timeoutDuringStream = request.socket.timeout
    stream.close()
  })
  const socket = open(server.port)
  socket.write(get('/stream'))
  await receiveUntil(socket, '0\r\n\r\n')
  const received = receiveAll(socket)
  socket.write(get('/next', close))
  await received
  expect(timeoutDuringStream).toBe(0)
  expect(timeoutAfter).toBe(60_000)
})
