import fc from 'fast-check'
import { acceptsEventStream } from '../../src/wire/accept.ts'

test.each<[string | undefined, boolean]>([
  [undefined, true],
  ['', true],
  [' ', true],
  ['text/event-stream', true],
  ['TEXT/Event-Stream', true],
  ['text/event-stream; charset=utf-8', true],
  [' text/event-stream ;q=0.5', true],
  ['text/*', true],
  ['*/*', true],
  ['application/json, text/event-stream', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['application/json, */*;q=0.001', true],
  ['application/json', false],
  ['text/html', false],
  ['text/event-streams', false],
  ['text/event', false],
  ['application/*', false],
  ['text/event-stream;q=0', false],
  ['text/event-stream; Q = 0.000', false],
  ['*/*;q=0', false],
])('S8: Accept %j: %p', (accept, accepted) => {
  expect(acceptsEventStream(accept)).toBe(accepted)
})

test.each<[string, boolean]>([
  ['*/*, text/event-stream;q=0', false],
  ['text/event-stream;q=0, */*', false],
  ['text/*;q=0, text/event-stream', true],
  ['text/event-stream, text/*;q=0', true],
  ['*/*, text/*;q=0', false],
  ['*/*;q=0, text/*', true],
])('S8: in %j the most specific range decides', (accept, accepted) => {
  expect(acceptsEventStream(accept)).toBe(accepted)
})

test('S8: no header, however odd, makes it throw', () => {
  const part = fc.constantFrom('text/event-stream', 'text/*', '*/*', ',', ';', 'q=', '0', '.', '"', '=', ' ')
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string())), (parts) => {
      expect(typeof acceptsEventStream(parts.join(''))).toBe('boolean')
    }),
  )
})
