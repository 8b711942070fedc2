import fc from 'fast-check'

/** What breaks streams when it gets through: line ends, fields, separators, halves of surrogate pairs. */
const fragments = [
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\r\r',
  '\r\n\r\n',
  '\0',
  '\uFEFF',
  '\u2028',
  '\u2029',
  '\u0085',
  '\uD800',
  '\uDC00',
  ' ',
  '\t',
  ':',
  ': comment',
  'data',
  'data: injected',
  'event: injected',
  'id: injected',
  'retry: 1',
  '$end',
  '.end',
  'Grüße, 世界 😀',
] as const

/** Text that tries to be more than one field: fragments and arbitrary code units in any order. */
export const hostileText = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...fragments) }, fc.string({ unit: 'binary' })), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''))

/** Text for a field of one line, as it survives the checks: hostile, without what is refused. */
export const oneLine = hostileText.map((text) => text.replace(/[\r\n\0]/g, ''))

/** What a client can receive of a text: UTF-8 has no lone surrogates. */
export function asUtf8(text: string): string {
  return Buffer.from(text).toString()
}

/** What a client can receive of a payload: EventSource knows one line break. */
export function asReceived(text: string): string {
  return asUtf8(text).replace(/\r\n|\r|\n/g, '\n')
}
