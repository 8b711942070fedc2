import { Readable } from 'node:stream'
import { ClientError, parseEventStream } from '@rivulet/client'
import { BlockParser } from '../src/parse/block-parser.ts'
import { type Dispatched, parsingCases } from './parsing-cases.ts'

/** Ways to cut bytes. */
const cuts: Record<string, (bytes: Buffer) => Buffer[]> = {
  whole: (bytes) => [bytes],
  'byte by byte': (bytes) => Array.from(bytes, (byte) => Buffer.from([byte])),
  'two by two': (bytes) => every(bytes, () => 2),
  'at random': (bytes) => every(bytes, () => 1 + Math.floor(Math.random() * 7)),
}

function every(bytes: Buffer, size: () => number): Buffer[] {
  const pieces: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + size()
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  return pieces
}

function parse(pieces: readonly Uint8Array[], maxEventLength = 1e6) {
  const events: Dispatched[] = []
  const retries: number[] = []
  const parser = new BlockParser(
    { block: (block) => events.push(block), retry: (retryMs) => retries.push(retryMs) },
    '',
    maxEventLength,
  )
  for (const piece of pieces) {
    const failure = parser.push(piece)
    if (failure !== null) throw failure
  }
  return { events, retries, lastEventId: parser.lastEventId }
}

describe.each(Object.entries(cuts))('%s', (_name, cut) => {
  test.each(parsingCases)('$name', ({ bytes, events, retries, lastEventId }) => {
    const parsed = parse(cut(bytes))
    expect(parsed.events).toEqual(events)
    expect(parsed.lastEventId).toBe(lastEventId ?? events.at(-1)?.lastEventId ?? '')
    if (retries !== undefined) expect(parsed.retries).toEqual(retries)
  })
})

test('P33: an event that two CRs end is there before anything follows; an LF that follows is no blank line', () => {
  const events: Dispatched[] = []
  const parser = new BlockParser({ block: (block) => events.push(block) }, '', 1e6)
  parser.push(Buffer.from('data: x\r\r'))
  expect(events.map(({ data }) => data)).toEqual(['x'])
  parser.push(Buffer.from('\ndata: y\r\n\r\n'))
  expect(events.map(({ data }) => data)).toEqual(['x', 'y'])
})

test('P4: megabytes of data, in one piece and in two', () => {
  const large = Buffer.from(`data: ${'x'.repeat(5 * 1024 * 1024)}\n\n`)
  for (const pieces of [[large], [large.subarray(0, 1e6), large.subarray(1e6)]]) {
    expect(parse(pieces, 1e7).events[0]?.data.length).toBe(5 * 1024 * 1024)
  }
})

test.each([
  ['one long line', `data: ${'x'.repeat(2_000)}`],
  ['many lines', 'data: x\n'.repeat(2_000)],
  ['a long unknown field', 'y'.repeat(2_000)],
])('P53: %s is an error with a code, not memory without end', (_name, text) => {
  expect(() => parse([Buffer.from(text)], 1_000)).toThrow(
    expect.objectContaining({ name: 'ClientError', code: 'ERR_SSE_CLIENT_TOO_LARGE' }),
  )
})

describe('parseEventStream', () => {
  const text = 'event: made\nid: 7\ndata: {"n":1}\n\ndata: text\n\ndata: unfinished'
  const expected = [
    { event: 'made', data: { n: 1 }, lastEventId: '7' },
    { event: 'message', data: 'text', lastEventId: '7' },
  ]

  async function read(body: Parameters<typeof parseEventStream>[0]) {
    const events: unknown[] = []
    for await (const event of parseEventStream(body)) events.push(event)
    return events
  }

  test('reads web streams, Node streams and iterables', async () => {
    expect(await read(new Response(text).body)).toEqual(expected)
    expect(await read(Readable.from([Buffer.from(text)]))).toEqual(expected)
    expect(await read([Buffer.from(text)])).toEqual(expected)
  })

  test('takes one event at a time, and nothing is lost between two reads', async () => {
    const events = parseEventStream<{ made: { n: number }; message: string }>(new Response(text).body)
    expect((await events.next()).value).toEqual(expected[0])
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await events.next()).value).toEqual(expected[1])
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test('cancels the body when the loop is left, and passes on its failure', async () => {
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from('data: x\n\n')),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const { data } of parseEventStream(endless)) {
      expect(data).toBe('x')
      break
    }
    expect(cancelled).toBe(true)
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('data: x\n\n')
        throw new Error('broken')
      })(),
    )
    await expect(read(broken)).rejects.toThrow('broken')
  })

  test('refuses what is no body', async () => {
    for (const body of [null, 7, {}]) {
      await expect(read(body as never)).rejects.toMatchObject({ code: 'ERR_SSE_CLIENT_OPTION' })
    }
    await expect(read(null)).rejects.toBeInstanceOf(ClientError)
  })
})
