import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { diagnose } from '../src/index.ts'
import { BlockScanner } from '../src/recording/block-scanner.ts'
import { checkOf } from './support/look.ts'
import { serve } from './support/serve.ts'

async function formatOf(bytes: string | Buffer) {
  const { origin } = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(bytes)
  })
  return diagnose(origin, { waitMs: 200 })
}

test.each([
  ['a line break inside data', 'data: {\n  "a": 1\n}\n\n', 'problem', /2 times\), such as " {2}\\"a\\": 1"/],
  ['CRLF', 'data: 1\r\n\r\n', 'warning', /end in CRLF/],
  ['CR', 'data: 1\r\rdata: 2\r\r', 'problem', /end in CR alone/],
  ['a retry that is no number', 'retry: 3s\ndata: 1\n\n', 'warning', /no whole number/],
  ['NUL in an id', 'id: a\0b\ndata: 1\n\n', 'problem', /ids with NUL/],
  ['bytes that are not UTF-8', Buffer.from('data: gr\xfc\xdfe\n\n', 'latin1'), 'problem', /not UTF-8/],
  ['a byte order mark', '\uFEFFdata: 1\n\n', 'warning', /byte order mark/],
  ['a second byte order mark', 'data: 1\n\n\uFEFFdata: 2\n\n', 'problem', /in the middle/],
  [
    'nothing wrong',
    ': hi\nid: 7\nevent: e\nretry: 3000\ndata: \uFFFD 世界\n\n',
    'ok',
    /1 event and 0 comments/,
  ],
] as const)('%s', async (_name, bytes, verdict, message) => {
  expect(checkOf(await formatOf(bytes), 'format')).toMatchObject({
    verdict,
    message: expect.stringMatching(message),
  })
})

test('an event without its blank line', async () => {
  const { origin } = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.end('data: 1\n\ndata: 2\n')
  })
  expect(checkOf(await diagnose(origin), 'format')).toMatchObject({
    verdict: 'warning',
    message: 'The last event has no blank line after it.',
  })
})

test.each([
  ['id: grün', 'problem'],
  ['id: {"a":1}', 'warning'],
  ['id: 01J-x_y.z', 'ok'],
])('%s', async (line, verdict) => {
  expect(checkOf(await formatOf(`${line}\ndata: 1\n\n`), 'ids').verdict).toBe(verdict)
})

test.each([
  ['retry: 3000', 'ok'],
  ['retry: 10', 'warning'],
  ['retry: 600000', 'warning'],
])('%s', async (line, verdict) => {
  expect(checkOf(await formatOf(`${line}\ndata: 1\n\n`), 'retry').verdict).toBe(verdict)
})

test('whatever comes in whatever pieces, clients see the same events', () => {
  const lines = fc.oneof(
    fc.constantFrom(
      '',
      'data',
      'data:',
      ':',
      ': c',
      'id: 1',
      'id',
      'event: e',
      'event:',
      'retry: 5',
      'x: y',
      'data: a:b',
    ),
    fc
      .string({ maxLength: 5, unit: fc.constantFrom(' ', ':', 'd', 'ü', '😀', '\0') })
      .map((text) => `data:${text}`),
  )
  const streams = fc.array(fc.tuple(lines, fc.constantFrom('\n', '\r\n')), { maxLength: 30 })
  fc.assert(
    fc.property(streams, fc.array(fc.nat({ max: 9 }), { maxLength: 20 }), (all, sizes) => {
      const bytes = Buffer.from(all.map(([line, end]) => line + end).join(''))
      const seen: unknown[] = []
      const scanner = new BlockScanner({
        onBlock: ({ kind, event, data }) => kind === 'event' && seen.push([event, data]),
        onFault: () => undefined,
      })
      let at = 0
      for (const size of [...sizes, bytes.length]) {
        scanner.write(bytes.subarray(at, at + size))
        at += size
      }
      const expected: unknown[] = []
      const onEvent = ({ event, data }: EventSourceMessage) => expected.push([event || 'message', data])
      createParser({ onEvent }).feed(bytes.toString())
      expect(seen).toEqual(expected)
    }),
  )
})
