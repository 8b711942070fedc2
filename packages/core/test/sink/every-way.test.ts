import { createServer, type ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect as connectH2 } from 'node:http2'
import { duplexPair } from 'node:stream'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import compression from 'compression'
import Fastify from 'fastify'
import Fastify4 from 'fastify-4'
import { createSse, type StreamRequest } from '../../src/index.ts'
import { certificate } from '../sse/certificate.ts'
import { type Protocol, serve, still } from '../sse/sse-server.ts'
import { exchange, get, parseResponse } from './raw-http.ts'
import { shortened, story, tellStory, writePlain } from './story.ts'

/** What is done to a response before it becomes a stream. */
type Preparation = (response: ServerResponse, request: StreamRequest) => void

/** Serves the story and gives what a raw connection received. */
async function received(
  request: string,
  prepare: Preparation = () => {},
  options: Parameters<typeof serve>[1] = still,
  protocol: Protocol = 'http',
): Promise<Buffer> {
  const server = await serve(
    async (request, response, sse) => {
      prepare(response as ServerResponse, request) // HTTP/1.1 servers only
      await tellStory(sse.open(request, response), response)
    },
    options,
    protocol,
  )
  return exchange(server.port, request, protocol === 'https' ? { ca: certificate.cert } : undefined)
}

const close = 'Connection: close'

/** From 24.22 on Node makes one chunk of what is written in a turn, and of what follows behind a plain write. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const gathersPlainWrites = major > 24 || (major === 24 && minor >= 22)

describe('every way puts the same bytes on the wire', () => {
  test('S23: HTTP/1.1, ready-made chunks: one write for each block, and each block is whole', async () => {
    const { statusLine, headers, chunks, body, rest } = parseResponse(await received(get('/', close)))
    expect(statusLine).toBe('HTTP/1.1 200 OK')
    expect(headers).toContainEqual(['transfer-encoding', 'chunked'])
    expect(shortened(body)).toBe(story)
    expect(rest).toHaveLength(0)
    const blocks = story.split(/(?<=\n\n)/).filter((block) => block !== '')
    if (!gathersPlainWrites) expect(chunks?.map(shortened)).toEqual(blocks)
    else expect(chunks?.filter((chunk) => !chunk.toString().endsWith('\n\n'))).toEqual([])
  })

  test('HTTP/1.1 over TLS', async () => {
    const bytes = await received(get('/', close), undefined, still, 'https')
    expect(shortened(parseResponse(bytes).body)).toBe(story)
  })

  test.each(['', 'Connection: keep-alive\r\n'])(
    'HTTP/1.0 %j: no chunks, the end is the end of the connection',
    async (more) => {
      const { chunks, headers, body } = parseResponse(await received(`GET / HTTP/1.0\r\n${more}\r\n`))
      expect(chunks).toBe(null)
      expect(headers.map(([name]) => name)).not.toContain('transfer-encoding')
      expect(shortened(body)).toBe(story)
    },
  )

  test('patched write: somebody in front sees every block as it is', async () => {
    const seen: Buffer[] = []
    const bytes = await received(get('/', close), (response) => {
      const { write } = response
      response.write = (...given: unknown[]) => {
        seen.push(Buffer.from(given[0] as Uint8Array | string)) // what it is given
        return Reflect.apply(write, response, given)
      }
    })
    expect(shortened(parseResponse(bytes).body)).toBe(story)
    expect(shortened(Buffer.concat(seen))).toBe(story)
  })

  test('patched end', async () => {
    let ends = 0
    const bytes = await received(get('/', close), (response) => {
      const { end } = response
      response.end = (...given: unknown[]) => {
        ends += 1
        return Reflect.apply(end, response, given)
      }
    })
    expect(shortened(parseResponse(bytes).body)).toBe(story)
    expect(ends).toBe(1)
  })

  test('write patched while the stream is open', async () => {
    const bytes = await received(get('/', close), (response) => {
      setImmediate(() => {
        const { write } = response
        response.write = (...given: unknown[]) => Reflect.apply(write, response, given)
      })
    })
    expect(shortened(parseResponse(bytes).body)).toBe(story)
  })

  test('corked', async () => {
    const cork: Preparation = (response) => {
      response.cork()
      setImmediate(() => {
        response.uncork()
        response.cork()
        response.cork()
        setImmediate(() => {
          response.uncork()
          response.uncork()
        })
      })
    }
    // Node 22 forgets the `drain`, which the watch over stalled clients finds out.
    const bytes = await received(get('/', close), cork, { ...still, stallMs: 1000 })
    expect(shortened(parseResponse(bytes).body)).toBe(story)
  })

  test('corked and never uncorked: the end does it', async () => {
    const server = await serve((request, response, sse) => {
      const stream = sse.open(request, response)
      stream.send({ data: 1 })
      if (!('createPushResponse' in response)) response.cork()
      stream.send({ data: 2 })
      writePlain(response, ': plain\n\n')
      stream.send({ data: 3 })
      stream.close()
    })
    const { body } = parseResponse(await exchange(server.port, get('/', close)))
    expect(body.toString()).toBe('retry: 0\n\ndata: 1\n\ndata: 2\n\n: plain\n\ndata: 3\n\n')
  })

  test('pipelined behind other requests', async () => {
    const server = await serve(async (request, response, sse) => {
      if (request.url === '/first') setTimeout(() => response.end('first'), 20)
      else await tellStory(sse.open(request, response), response)
    })
    const bytes = await exchange(server.port, get('/first') + get('/second') + get('/third', close))
    const first = parseResponse(bytes)
    const second = parseResponse(first.rest)
    const third = parseResponse(second.rest)
    expect(first.body.toString()).toBe('first')
    expect(shortened(second.body)).toBe(story)
    expect(shortened(third.body)).toBe(story)
    expect(third.rest).toHaveLength(0)
  })

  test('over a connection that is no socket of the system', async () => {
    const server = createServer((request, response) => {
      void tellStory(createSse(still).open(request, response), response)
    })
    const [client, connection] = duplexPair()
    server.emit('connection', connection)
    client.write(get('/', close))
    const parts: Buffer[] = []
    for await (const part of client) parts.push(part)
    expect(shortened(parseResponse(Buffer.concat(parts)).body)).toBe(story)
  })

  test.each<[Protocol, string]>([
    ['h2c', 'HTTP/2 without TLS'],
    ['h2', 'HTTP/2 over TLS'],
  ])('%s: %s', async (protocol) => {
    const server = await serve(
      async (request, response, sse) => tellStory(sse.open(request, response), response),
      still,
      protocol,
    )
    const session = connectH2(server.origin, { ca: certificate.cert })
    const { headers, body } = await requestH2(session, '/')
    session.close()
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream' })
    expect(shortened(body)).toBe(story)
  })
})

describe('compression middleware', () => {
  const compress = compression()
  const prepare: Preparation = (response, request) =>
    // The one response is express's, the other Node's, which is all that the middleware uses.
    compress(request as never, response as never, () => {})

  test('keeps its hands off, because of no-transform', async () => {
    const bytes = await received(get('/', close, 'Accept-Encoding: gzip, br'), prepare)
    const { headers, body } = parseResponse(bytes)
    expect(headers.map(([name]) => name)).not.toContain('content-encoding')
    expect(shortened(body)).toBe(story)
  })

  test.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
    ['br', brotliDecompressSync],
  ])('S40: where %s was forced on', async (encoding, decode) => {
    const bytes = await received(get('/', close, `Accept-Encoding: ${encoding}`), prepare, {
      ...still,
      headers: { 'Cache-Control': 'no-store' },
    })
    const { headers, body } = parseResponse(bytes)
    expect(headers).toContainEqual(['content-encoding', encoding])
    expect(shortened(decode(body))).toBe(story)
  })
})

describe.each([
  ['5', Fastify],
  ['4', Fastify4 as unknown as typeof Fastify], // for what is used here they are the same
])('inject of Fastify %s', (version, create) => {
  async function injectable() {
    const app = create()
    const sse = createSse(still)
    app.get('/', async (request, reply) => {
      reply.hijack()
      const stream = sse.open(request.raw, reply.raw)
      await tellStory(stream, reply.raw)
    })
    return app
  }

  test('collected', async () => {
    const app = await injectable()
    const response = await app.inject('/')
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(shortened(response.rawPayload)).toBe(story)
    await app.close()
  })

  if (version === '4') return // whose inject knows no streams

  test('as a stream', async () => {
    const app = await injectable()
    const response = await app.inject({ url: '/', payloadAsStream: true })
    const parts: Buffer[] = []
    for await (const part of response.stream()) parts.push(Buffer.from(part))
    expect(shortened(Buffer.concat(parts))).toBe(story)
    await app.close()
  })
})

async function requestH2(session: ClientHttp2Session, path: string) {
  const request = session.request({ ':path': path })
  const parts: Buffer[] = []
  let headers: object = {}
  request.on('response', (given) => {
    headers = given
  })
  for await (const part of request) parts.push(part)
  return { headers, body: Buffer.concat(parts) }
}
