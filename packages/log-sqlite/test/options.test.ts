import { createSqliteLog, type SqliteLogOptions } from '../src/index.ts'

const refusal = expect.objectContaining({ code: 'ERR_SSE_OPTION' })

test('a log in memory is refused, and the one that can do it is named', () => {
  expect(() => createSqliteLog({ file: ':memory:' })).toThrow(refusal)
  expect(() => createSqliteLog({ file: ':memory:' })).toThrow(/createMemoryLog/)
})

test.each<[string, unknown]>([
  ['no file', {}],
  ['an empty path', { file: '' }],
  ['a URI', { file: 'file:events.db?mode=memory' }],
  ['a path with NUL', { file: 'a\0b' }],
  ['a number for a path', { file: 7 }],
  ['another way to synchronize', { file: 'events.db', synchronous: 'off' }],
  ['no time to answer', { file: 'events.db', answerMs: 0 }],
  ['a time that is none', { file: 'events.db', checkMs: Number.NaN }],
  ['endless polling', { file: 'events.db', pollMs: Number.POSITIVE_INFINITY }],
  ['a typing error', { file: 'events.db', pol: 1 }],
])('%s is refused at once', (_what, options) => {
  // Wrong on purpose: what a program without types may pass.
  expect(() => createSqliteLog(options as SqliteLogOptions)).toThrow(refusal)
})
