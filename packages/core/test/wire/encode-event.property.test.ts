import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { type EventFields, encodeComment, encodeEvent, encodeRetry } from '../../src/wire/encode-event.ts'
import { SseError } from '../../src/wire/sse-error.ts'
import { asReceived, asUtf8, hostileText, oneLine } from './hostile-text.ts'
import { type ParsedEvent, parseStream } from './standard-parser.ts'

const safeId = fc.string({ unit: fc.constantFrom(...'ABCxyz019._-!~{}:"'), maxLength: 128 })
const retry = fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER))

/** Events that are accepted, as hostile as they can be. */
const acceptedEvent: fc.Arbitrary<EventFields> = fc.record(
  {
    event: oneLine.filter((name) => !name.startsWith('$')),
    data: fc.oneof(hostileText, fc.jsonValue()),
    id: fc.oneof(safeId, fc.integer()).filter((id) => !String(id).endsWith('.end')),
    retry,
  },
  { requiredKeys: ['data'] },
)

/** Whatever a stream may say beside its events. */
const aside = fc.oneof(hostileText.map(encodeComment), retry.map(encodeRetry), fc.constant(':\n\n'))

describe('S42: what is encoded is what is parsed', () => {
  test('by the standard, with comments and retries anywhere between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(acceptedEvent, fc.array(aside, { maxLength: 2 }))), (parts) => {
        const bytes = Buffer.from(
          parts.map(([event, asides]) => encodeEvent(event) + asides.join('')).join(''),
        )
        expect(parseStream(bytes).events).toEqual(expectedOf(parts.map(([event]) => event)))
      }),
    )
  })

  test('by eventsource-parser, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(acceptedEvent), fc.array(fc.nat({ max: 40 })), (events, cuts) => {
        const parsed: ParsedEvent[] = []
        let lastEventId = ''
        const parser = createParser({
          onEvent({ event = 'message', data, id }) {
            lastEventId = id ?? lastEventId
            parsed.push({ type: event, data, lastEventId })
          },
          onError(error) {
            throw error
          },
        })
        for (const piece of pieces(Buffer.from(events.map((event) => encodeEvent(event)).join('')), cuts)) {
          parser.feed(piece)
        }
        expect(parsed).toEqual(expectedOf(events))
      }),
    )
  })

  test('ids with any bytes too, where they are allowed', () => {
    fc.assert(
      fc.property(oneLine, (id) => {
        fc.pre(!id.endsWith('.end'))
        const block = encodeEvent({ id, data: 'x' }, { unsafeIds: true })
        expect(parseStream(Buffer.from(block)).events).toEqual([
          { type: 'message', data: 'x', lastEventId: asUtf8(id) },
        ])
      }),
    )
  })
})

describe('nothing that is given can become another field, another event or another stream', () => {
  const after: ParsedEvent = { type: 'message', data: 'after', lastEventId: 'after' }

  /** What a client makes of a block and an event after it. */
  function parsedBefore(block: string): readonly ParsedEvent[] {
    const { events, retryMs } = parseStream(Buffer.from(block + encodeEvent({ id: 'after', data: 'after' })))
    expect(events.at(-1)).toEqual(after)
    expect(retryMs).toBe(null)
    return events.slice(0, -1)
  }

  test('data', () => {
    fc.assert(
      fc.property(hostileText, (data) => {
        expect(parsedBefore(encodeEvent({ data }))).toEqual([
          { type: 'message', data: asReceived(data), lastEventId: '' },
        ])
      }),
    )
  })

  test('event: itself, or refused', () => {
    fc.assert(
      fc.property(hostileText, (event) => {
        const block = encodedOr('ERR_SSE_EVENT', () => encodeEvent({ event, data: 'x' }))
        if (block === null) return
        expect(parsedBefore(block)).toEqual([
          { type: asUtf8(event) || 'message', data: 'x', lastEventId: '' },
        ])
      }),
    )
  })

  test('id: itself, or refused', () => {
    fc.assert(
      fc.property(hostileText, fc.boolean(), (id, unsafeIds) => {
        const block = encodedOr('ERR_SSE_ID', () => encodeEvent({ id, data: 'x' }, { unsafeIds }))
        if (block === null) return
        expect(parsedBefore(block)).toEqual([{ type: 'message', data: 'x', lastEventId: asUtf8(id) }])
      }),
    )
  })

  test('comment', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(parsedBefore(encodeComment(text))).toEqual([])
      }),
    )
  })

  test('retry: digits, or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), hostileText, fc.double()), (value) => {
        const block = encodedOr('ERR_SSE_RETRY', () => encodeRetry(value as number))
        if (block !== null) expect(block).toMatch(/^retry: [0-9]+\n\n$/)
      }),
    )
  })

  test('data of any kind: JSON on one line, or refused', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true }),
        (data) => {
          const block = encodedOr('ERR_SSE_DATA', () => encodeEvent({ data }))
          if (block === null) return
          const [parsed, ...more] = parsedBefore(block)
          expect(more).toEqual([])
          if (typeof data === 'string') expect(parsed?.data).toBe(asReceived(data))
          else expect(() => JSON.parse(parsed?.data ?? 'none')).not.toThrow()
        },
      ),
    )
  })
})

function expectedOf(events: readonly EventFields[]): ParsedEvent[] {
  let lastEventId = ''
  return events.map(({ event, data, id }) => {
    if (id !== undefined) lastEventId = String(id)
    const text = typeof data === 'string' ? asReceived(data) : JSON.stringify(data)
    return {
      type: event === undefined || event === '' ? 'message' : asUtf8(event),
      data:
        typeof data === 'string'
          ? text
          : text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029'),
      lastEventId,
    }
  })
}

/** What a call encoded, or `null` where it refused with a code that begins so. Anything else thrown is a failure. */
function encodedOr(code: string, encode: () => string): string | null {
  try {
    return encode()
  } catch (error) {
    if (error instanceof SseError && error.code.startsWith(code)) return null
    throw error
  }
}

/** The text of bytes that arrive in pieces. */
function* pieces(bytes: Buffer, cuts: readonly number[]): Generator<string> {
  const decoder = new TextDecoder()
  let at = 0
  for (const cut of cuts) {
    yield decoder.decode(bytes.subarray(at, at + cut), { stream: true })
    at += cut
  }
  yield decoder.decode(bytes.subarray(at))
}
