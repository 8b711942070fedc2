import { SseError, show } from '../../src/wire/sse-error.ts'

test('carries code, value and cause', () => {
  const cause = new Error('below')
  const error = new SseError('ERR_SSE_ID', 'The id is odd.', { value: 0, cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'SseError', code: 'ERR_SSE_ID', message: 'The id is odd.', value: 0 })
  expect(error.cause).toBe(cause)
})

test('has no cause where none is known', () => {
  expect('cause' in new SseError('ERR_SSE_ID', 'x')).toBe(false)
  expect(new SseError('ERR_SSE_ID', 'x').value).toBe(undefined)
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

test.each<[unknown, string]>([
  ['a\r\n\0"b"', '"a\\r\\n\\u0000\\"b\\""'],
  ['', '""'],
  [0, '0'],
  [-0, '0'],
  [Number.NaN, 'NaN'],
  [undefined, 'undefined'],
  [null, 'null'],
  [1n, '1n'],
  [Symbol('s'), 'Symbol(s)'],
  [function named() {}, '[function named]'],
  [() => {}, '[function anonymous]'],
  [{ a: [1] }, '{"a":[1]}'],
  [{}, '{}'],
  [Promise.resolve(), '[object Promise]'],
  [new Map(), '[object Map]'],
  [cycle, '[object Object]'],
  [{ toJSON: () => undefined }, '[object Object]'],
])('%p is shown as %s', (value, shown) => {
  expect(show(value)).toBe(shown)
})

test('shows at most 80 characters, and how many there are', () => {
  expect(show('x'.repeat(1000))).toBe(`"${'x'.repeat(79)}… (1002 characters)`)
})
