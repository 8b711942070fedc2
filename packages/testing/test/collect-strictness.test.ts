import type { RequestListener } from 'node:http'
import { collect } from '@rivulet/testing'
import fc from 'fast-check'

/** A server that writes these bytes, in pieces, and ends the stream. */
function writing(body: string | Buffer, pieceLength = Number.POSITIVE_INFINITY): RequestListener {
  const bytes = Buffer.from(body as string)
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const writeFrom = (at: number) => {
      if (at >= bytes.length) response.end()
      else response.write(bytes.subarray(at, at + pieceLength), () => writeFrom(at + pieceLength))
    }
    writeFrom(0)
  }
}

async function read(body: string | Buffer, pieceLength?: number) {
  const { events, comments, retryMs, lastEventId, problems } = await collect(writing(body, pieceLength), '/')
  return { events: events.map((event) => ({ ...event })), comments, retryMs, lastEventId, problems }
}

describe('what a server may write', () => {
  const fixture = [
    'retry: 3000\n\n',
    ':\n\n',
    ': two\n: lines\n\n',
    'id: 1\nevent: greeting\ndata: Größe\ndata:\ndata:  led by a space\n\n',
    'data: 1\nretry: 0\n\n',
    'id:\ndata: a: b\n\n',
  ].join('')
  const expected = {
    events: [
      { event: 'greeting', data: 'Größe\n\n led by a space', id: '1' },
      { event: 'message', data: '1', retry: 0 },
      { event: 'message', data: 'a: b', id: '' },
    ],
    comments: ['', 'two', 'lines'],
    retryMs: 0,
    lastEventId: '',
    problems: [],
  }

  test.each([1, 2, 3, 7, 1_000])('is read the same in pieces of %d bytes', async (length) => {
    expect(await read(fixture, length)).toEqual(expected)
  })

  test('a body of some megabytes is read', async () => {
    const data = 'x'.repeat(5_000_000)
    expect((await read(`data: ${data}\n\n`)).events).toEqual([{ event: 'message', data }])
  })

  test('is read back as it was, whatever the lines', async () => {
    const line = fc.string({ unit: 'binary' }).filter((text) => !/[\r\n]/.test(text) && !isLone(text))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), async (lines) => {
        const { events, problems } = await read(`${lines.map((text) => `data: ${text}\n`).join('')}\n`)
        expect(events).toEqual([{ event: 'message', data: lines.join('\n') }])
        expect(problems).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})

describe('what a server should not write', () => {
  test.each([
    ['data: 1\r\n\r\n', ['line 1: a line ends in CR', 'line 2: a line ends in CR'], ['1']],
    ['data: 1\rdata: 2\n\n', ['line 1: a line ends in CR'], ['1\n2']],
    ['\uFEFFdata: 1\n\n', ['line 1: the stream begins with a byte order mark'], ['1']],
    ['foo: 1\ndata: 2\n\n', ['line 1: there is no field "foo"'], ['2']],
    ['Data: 1\n\n', ['line 1: there is no field "Data"'], []],
    ['data: 1\n\n\n', ['line 3: a blank line that ends no block'], ['1']],
    ['id: 1\n\n', ['line 2: an id without data'], []],
    ['event: a\n\n', ['line 2: an event without data'], []],
    ['id: 1\nid: 2\ndata: x\n\n', ['line 2: a second id in one block'], ['x']],
    ['event: a\nevent: b\ndata: x\n\n', ['line 2: a second event type in one block'], ['x']],
    ['id: a\0b\ndata: x\n\n', ['line 1: an id with NUL'], ['x']],
    ['retry: 1.5\n\n', ['line 1: retry is "1.5", no whole number'], []],
    ['data: 1\n', ['line 1: the stream ended inside a block'], []],
    ['data: 1\n\ndata', ['line 2: the stream ended inside a block'], ['1']],
  ])('%j', async (body, problems, data) => {
    const seen = await read(body)
    expect(seen.problems).toEqual(problems.map((problem) => expect.stringContaining(problem)))
    expect(seen.events.map((event) => event.data)).toEqual(data)
  })

  test('bytes that are no UTF-8', async () => {
    const seen = await read(Buffer.from([...Buffer.from('data: '), 0xff, 0x0a, 0x0a]))
    expect(seen).toMatchObject({ problems: ['line 1: not UTF-8'], events: [{ data: '\uFFFD' }] })
  })
})

/** Lone surrogates have no bytes in UTF-8. */
function isLone(text: string): boolean {
  return Buffer.from(text).toString() !== text
}
