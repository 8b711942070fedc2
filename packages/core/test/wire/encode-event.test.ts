import { encodeComment, encodeEvent, encodeRetry, serialize } from '../../src/wire/encode-event.ts'
import { SseError } from '../../src/wire/sse-error.ts'
import { parseStream } from './standard-parser.ts'

/** The data that a client sees of one block. */
function receivedData(block: string): readonly string[] {
  return parseStream(Buffer.from(block)).events.map((event) => event.data)
}

/** The `SseError` that a call throws. */
function thrownBy(call: () => unknown): SseError {
  try {
    call()
  } catch (error) {
    if (error instanceof SseError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('data', () => {
  test.each(['a\nb', 'a\r\nb', 'a\rb'])('S9: %j is two data lines', (data) => {
    expect(encodeEvent({ data })).toBe('data: a\ndata: b\n\n')
  })

  test('S10: the empty string is an event with empty data', () => {
    expect(encodeEvent({ data: '' })).toBe('data: \n\n')
    expect(receivedData(encodeEvent({ data: '' }))).toEqual([''])
  })

  test('S11: a leading space is kept by the one that is added', () => {
    expect(encodeEvent({ data: ' x' })).toBe('data:  x\n\n')
    expect(receivedData(encodeEvent({ data: ' x' }))).toEqual([' x'])
  })

  test.each([
    ['x\n', 'x\n'],
    ['x\n\n', 'x\n\n'],
    ['x\r\n\r\n', 'x\n\n'],
    ['\n', '\n'],
    ['\n\nx', '\n\nx'],
    ['\r\r\n\n', '\n\n\n'],
  ])('S12: %j ends and begins with the line breaks it was given', (data, received) => {
    expect(receivedData(encodeEvent({ data }))).toEqual([received])
  })

  test('S13: NUL is kept, U+2028 ends no line, a lone surrogate becomes U+FFFD', () => {
    expect(receivedData(encodeEvent({ data: 'a\0b' }))).toEqual(['a\0b'])
    expect(encodeEvent({ data: 'a\u2028b\u2029c' })).toBe('data: a\u2028b\u2029c\n\n')
    expect(receivedData(encodeEvent({ data: 'a\uD800b\uDC00' }))).toEqual(['a\uFFFDb\uFFFD'])
  })

  test.each([':', ': x', 'data: x', 'data', 'id: 7', 'event: x', 'retry: 1'])(
    'S14: %j stays data',
    (data) => {
      expect(encodeEvent({ data })).toBe(`data: ${data}\n\n`)
      expect(receivedData(encodeEvent({ data }))).toEqual([data])
    },
  )

  test('S15: JSON is one line, and null is null', () => {
    expect(encodeEvent({ data: { text: 'a\nb\r\nc' } })).toBe('data: {"text":"a\\nb\\r\\nc"}\n\n')
    expect(encodeEvent({ data: null })).toBe('data: null\n\n')
    expect(encodeEvent({ data: 0 })).toBe('data: 0\n\n')
    expect(encodeEvent({ data: false })).toBe('data: false\n\n')
  })

  test('JSON escapes U+2028 and U+2029, where some clients end a line', () => {
    const block = encodeEvent({ data: { 'k\u2028': 'a\u2028b\u2029' } })
    expect(block).toBe('data: {"k\\u2028":"a\\u2028b\\u2029"}\n\n')
    expect(JSON.parse(receivedData(block)[0] ?? '')).toEqual({ 'k\u2028': 'a\u2028b\u2029' })
  })

  test('strings are JSON too where every payload is', () => {
    expect(serialize('a\nb', true)).toBe('"a\\nb"')
    expect(serialize('a\nb')).toBe('a\nb')
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  test.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /undefined.*send null/],
    ['a function', () => 1, /\[function.*send null/],
    ['a symbol', Symbol('s'), /Symbol\(s\).*send null/],
    ['a bigint', 1n, /cannot be written as JSON/],
    ['a cycle', cycle, /cannot be written as JSON: .*circular/],
    ['a Buffer', Buffer.from('x'), /binary.*base64/],
    ['a Uint8Array', new Uint8Array(1), /binary.*base64/],
    ['an ArrayBuffer', new ArrayBuffer(1), /binary.*base64/],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1), /binary.*base64/],
    ['a toJSON that gives undefined', { toJSON: () => undefined }, /send null/],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('no')
        },
      },
      /cannot be written as JSON: no/,
    ],
    ['a promise that nobody awaited', Promise.resolve('text'), /await it/],
  ])('S15: %s is refused', (_name, data, message) => {
    const error = thrownBy(() => encodeEvent({ data }))
    expect(error).toMatchObject({
      name: 'SseError',
      code: 'ERR_SSE_DATA',
      message: expect.stringMatching(message),
    })
    expect(error.value).toBe(data)
  })

  test.each([null, undefined, 'text', 7])('an event that is %j and no object is refused', (event) => {
    // As a caller in JavaScript can.
    expect(thrownBy(() => encodeEvent(event as never))).toMatchObject({ code: 'ERR_SSE_DATA', value: event })
  })
})

describe('event', () => {
  test('S16: the default type needs no line', () => {
    for (const event of ['', 'message', undefined]) {
      expect(encodeEvent({ event, data: 'x' })).toBe('data: x\n\n')
    }
    expect(encodeEvent({ event: 'tick', data: 'x' })).toBe('event: tick\ndata: x\n\n')
    expect(encodeEvent({ event: ' tick', data: 'x' })).toBe('event:  tick\ndata: x\n\n')
  })

  const ends = ['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\0']
  test.each(ends.flatMap((end) => [`${end}x`, `x${end}`, `x${end}data: injected`, end]))(
    'S16: %j is refused',
    (event) => {
      const error = thrownBy(() => encodeEvent({ event, data: 'x' }))
      expect(error).toMatchObject({ code: 'ERR_SSE_EVENT', value: event })
      expect(error.message).toMatch(/line break or NUL.*put what varies into data/)
      expect(error.message).not.toMatch(/[\r\n\0]/)
    },
  )

  test.each([null, 7, {}, ['x']])('S16: %j is no event type', (event) => {
    expect(thrownBy(() => encodeEvent({ event: event as never, data: 'x' }))).toMatchObject({
      code: 'ERR_SSE_EVENT',
      value: event,
    })
  })

  test.each(['$', '$end', '$gap', '$mine'])('S17: %j is reserved', (event) => {
    expect(thrownBy(() => encodeEvent({ event, data: 'x' }))).toMatchObject({
      code: 'ERR_SSE_EVENT_RESERVED',
      value: event,
    })
    expect(encodeEvent({ event, data: 'x' }, { allowReserved: true })).toContain(`event: ${event}\n`)
  })
})

describe('id', () => {
  test('comes first, so that the block without its first line is the same event without id', () => {
    expect(encodeEvent({ event: 'e', data: 'x', id: '7', retry: 1 })).toBe(
      'id: 7\nevent: e\nretry: 1\ndata: x\n\n',
    )
  })

  const refused = [
    ...['\n', '\r', '\r\n', '\n\n', '\0'].flatMap((end) => [`${end}7`, `7${end}`, `7${end}data: x`, end]),
    ' 7',
    '7 ',
    '7 8',
    '\t',
    'é',
    '…',
    '\x7f',
    '\u2028',
    'x'.repeat(129),
  ]
  test.each(refused)('S18: %j is refused', (id) => {
    const error = thrownBy(() => encodeEvent({ id, data: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_SSE_ID', value: id })
    expect(error.message).not.toMatch(/[\r\n\0]/)
  })

  test('S18: 128 bytes of printable ASCII are accepted', () => {
    const id = '!~'.repeat(64)
    expect(parseStream(Buffer.from(encodeEvent({ id, data: 'x' }))).lastEventId).toBe(id)
  })

  test.each(['\n', '\r', '\0', 'a\r\nb'])('S18: unsafeIds still refuses %j', (id) => {
    expect(thrownBy(() => encodeEvent({ id, data: 'x' }, { unsafeIds: true })).code).toBe('ERR_SSE_ID')
  })

  test('S18: unsafeIds takes what a migration may bring', () => {
    for (const id of [' 7', '7 ', 'é…', 'x'.repeat(2000), '{"a":1}']) {
      const block = encodeEvent({ id, data: 'x' }, { unsafeIds: true })
      expect(parseStream(Buffer.from(block)).lastEventId).toBe(id)
    }
  })

  test('S19: the empty id is written and resets the client', () => {
    const stream = `${encodeEvent({ id: '7', data: 'x' })}${encodeEvent({ id: '', data: 'y' })}`
    expect(stream).toContain('id:\ndata: y\n')
    expect(parseStream(Buffer.from(stream)).events.map((event) => event.lastEventId)).toEqual(['7', ''])
    expect(encodeEvent({ data: 'x' })).not.toContain('id')
  })

  test('S20: 0 is an id', () => {
    expect(encodeEvent({ id: 0, data: 'x' })).toBe('id: 0\ndata: x\n\n')
    expect(encodeEvent({ id: '0', data: 'x' })).toBe('id: 0\ndata: x\n\n')
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, null, {}, true, 7n])('%p is no id', (id) => {
    expect(thrownBy(() => encodeEvent({ id: id as never, data: 'x' })).code).toBe('ERR_SSE_ID')
  })

  test.each(['x.end', '.end'])('%j would tell a returning client that the stream is finished', (id) => {
    for (const unsafeIds of [false, true]) {
      expect(thrownBy(() => encodeEvent({ id, data: 'x' }, { unsafeIds }))).toMatchObject({
        code: 'ERR_SSE_ID',
        value: id,
      })
    }
  })

  test.each(['__proto__', 'constructor', 'toString'])('%j is an id like any other', (id) => {
    expect(encodeEvent({ id, data: 'x' })).toBe(`id: ${id}\ndata: x\n\n`)
  })
})

describe('retry', () => {
  test.each([0, 1, 1500, Number.MAX_SAFE_INTEGER])('S21: %p is written as digits', (retry) => {
    expect(encodeEvent({ retry, data: 'x' })).toBe(`retry: ${retry}\ndata: x\n\n`)
    expect(encodeRetry(retry)).toBe(`retry: ${retry}\n\n`)
    expect(parseStream(Buffer.from(encodeRetry(retry)))).toMatchObject({ events: [], retryMs: retry })
  })

  const refused = [
    1500.7,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    '1500',
    '1\ndata: x',
    null,
    1n,
    {},
  ]
  test.each(refused)('S21: %p is refused', (retry) => {
    const error = thrownBy(() => encodeEvent({ retry: retry as never, data: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_SSE_RETRY', value: retry })
    expect(error.message).toMatch(/whole number of milliseconds/)
    expect(thrownBy(() => encodeRetry(retry as never)).code).toBe('ERR_SSE_RETRY')
  })
})

describe('comment', () => {
  test.each([
    ['a\r\nb', ': a\n: b\n\n'],
    ['a\rb\nc', ': a\n: b\n: c\n\n'],
    ['', ': \n\n'],
    ['\n', ': \n: \n\n'],
    ['data: x', ': data: x\n\n'],
    ['\n\ndata: x\n\n', ': \n: \n: data: x\n: \n: \n\n'],
  ])('S22: %j stays a comment', (text, block) => {
    expect(encodeComment(text)).toBe(block)
    expect(parseStream(Buffer.from(block)).events).toEqual([])
  })

  test.each([undefined, null, 7, {}])('%j is no comment', (text) => {
    expect(thrownBy(() => encodeComment(text as never))).toMatchObject({
      code: 'ERR_SSE_COMMENT',
      value: text,
    })
  })
})
