import fc from 'fast-check'
import { maxLastEventIdBytes, readLastEventId } from '../../src/wire/last-event-id.ts'

/** A header as Node gives it: bytes as Latin-1. */
function asHeader(text: string): string {
  return Buffer.from(text).toString('latin1')
}

test('nothing brought is null', () => {
  for (const url of [undefined, '', '/', '/x', '/x?', '/x?a=1', '/x?lastEventId', '/x?lastEventId=']) {
    expect(readLastEventId(undefined, url)).toBe(null)
  }
})

test('S29: the header wins over the query', () => {
  expect(readLastEventId('7', '/?lastEventId=8')).toBe('7')
  expect(readLastEventId(undefined, '/?lastEventId=8')).toBe('8')
  expect(readLastEventId('', '/?lastEventId=8')).toBe('8')
  expect(readLastEventId('  ', '/?lastEventId=8')).toBe('8')
})

test.each<[string, string | null]>([
  ['/?a=1&lastEventId=x.y-1&b=2', 'x.y-1'],
  ['/?lastEventId=1&lastEventId=2', '1'],
  ['/?lastEventId=a%20b', 'a b'],
  ['/?lastEventId=%E2%80%A6', '…'],
  ['/?lastEventId=%ZZ', '%ZZ'],
  ['/?lastEventId=%E2', '\uFFFD'],
  ['/?lastEventId[]=1', null],
  ['/?lastEventId[__proto__]=1', null],
  ['/?LASTEVENTID=1', null],
  ['/?lastEventId=__proto__', '__proto__'],
  ['/?x=/?lastEventId=1', null],
  ['//[/?lastEventId=1', '1'],
  ['http://x:99999999/?lastEventId=1', '1'],
])('from the target %j: %j', (url, id) => {
  expect(readLastEventId(undefined, url)).toBe(id)
})

describe('S30: the header', () => {
  test.each<[string, string | null]>([
    ['abc', 'abc'],
    [' abc\t', 'abc'],
    ['…', '…'],
    ['a b', 'a b'],
    ['0', '0'],
    ['x'.repeat(maxLastEventIdBytes), 'x'.repeat(maxLastEventIdBytes)],
    ['x'.repeat(maxLastEventIdBytes + 1), 'x'.repeat(maxLastEventIdBytes)],
    ['…'.repeat(341), '…'.repeat(341)],
    ['…'.repeat(342), '…'.repeat(341)],
    ['x'.repeat(1024 * 1024), 'x'.repeat(maxLastEventIdBytes)],
  ])('%j is decoded as UTF-8, trimmed and bounded', (text, id) => {
    expect(readLastEventId(asHeader(text), '/')).toBe(id)
  })

  test('bytes that are no UTF-8 become U+FFFD', () => {
    expect(readLastEventId('a\xFFb', '/')).toBe('a\uFFFDb')
  })

  test('sent several times is the first, or what Node joined', () => {
    expect(readLastEventId(['1', '2'], '/')).toBe('1')
    expect(readLastEventId('1, 2', '/')).toBe('1, 2')
    expect(readLastEventId([], '/?lastEventId=3')).toBe('3')
  })
})

test('whatever a client sends gives null or a bounded text', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string().map(encodeURIComponent))
  const header = fc.oneof(fc.constant(undefined), text, fc.array(text))
  const url = fc.oneof(
    text,
    text.map((value) => `/?lastEventId=${value}`),
  )
  fc.assert(
    fc.property(header, url, (given, target) => {
      const id = readLastEventId(given, target)
      if (id === null) return
      expect(id).not.toBe('')
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(maxLastEventIdBytes)
    }),
  )
})
