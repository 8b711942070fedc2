import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import {
  type CloseOptions,
  createSse,
  type Limits,
  type SseOptions,
  type StreamOptions,
} from '../../src/index.ts'

const notNumbers = [null, '1000', true, [], {}, 1n, Number.NaN, Number.POSITIVE_INFINITY, -1]
const durations = { good: [1, 15_000, 2 ** 31 - 1, false, undefined], bad: [...notNumbers, 0, 2 ** 31] }

/** Values of each option that are taken and values that are refused. A new option belongs here, too. */
const values: {
  readonly [K in keyof StreamOptions]-?: { good: readonly unknown[]; bad: readonly unknown[] }
} = {
  status: {
    good: [200, 201, 299, 404, 500, 599, undefined],
    bad: [...notNumbers, 0, 100, 101, 199, 204, 205, 304, 600, 200.5, false],
  },
  headers: {
    good: [{}, { a: 'b' }, { a: 1 }, { a: ['b', 'c'] }, { a: undefined }, { a: '' }, { a: 'é' }, undefined],
    bad: [
      ...[null, 'a: b', 7, true, ['a'], () => {}],
      ...[{ '': 'x' }, { 'a b': 'x' }, { 'a:': 'x' }, { 'a\n': 'x' }, { é: 'x' }],
      ...[
        { a: 'x\ny' },
        { a: 'x\r' },
        { a: '\0' },
        { a: '…' },
        { a: null },
        { a: {} },
        { a: ['x', 'y\n'] },
        { a: true },
      ],
      ...[
        { Connection: 'close' },
        { 'content-length': 7 },
        { 'TRANSFER-ENCODING': 'chunked' },
        { 'Keep-Alive': 'x' },
      ],
      ...[{ Upgrade: 'x' }, { 'Proxy-Connection': 'x' }],
      ...[
        { 'Content-Type': 'text/plain' },
        { 'content-type': ['text/event-stream', 'x'] },
        { 'Content-Type': 'text/event-streams' },
      ],
    ],
  },
  retryMs: { good: [0, 1, 3000, 2 ** 31 - 1, false, undefined], bad: [...notNumbers, 1.5, 2 ** 31] },
  heartbeatMs: durations,
  maxAgeMs: durations,
  stallMs: durations,
  expiresAt: {
    good: [new Date(), 0, Date.now(), false, undefined],
    bad: [null, '2030-01-01', true, new Date('never'), Number.NaN, Number.POSITIVE_INFINITY, {}, 1n],
  },
  maxBufferedBytes: {
    good: [1, 2 ** 20, Number.MAX_SAFE_INTEGER, undefined],
    bad: [...notNumbers, 0, 1.5, false, 2 ** 53],
  },
  signal: {
    good: [new AbortController().signal, undefined],
    bad: [null, {}, new AbortController(), 'x', true],
  },
  context: { good: [undefined, null, 0, '', {}, () => {}], bad: [] },
  negotiate: { good: [true, false, undefined], bad: [null, 0, 1, 'true', {}] },
  unsafeIds: { good: [true, false, undefined], bad: [null, 0, 1, 'true', {}] },
  events: { good: [undefined, {}], bad: [null, 7, 'x', [], { made: {} }, { made: { '~standard': {} } }] },
  validate: { good: ['always', 'development', 'never', undefined], bad: [null, true, 'sometimes'] },
  cursorSecret: {
    good: ['x'.repeat(32), undefined],
    bad: [null, '', 'short', 7, true, {}],
  },
}

const cases = Object.entries(values)

test.each(cases)('%s takes what it should', (key, { good }) => {
  for (const value of good) expect(() => createSse({ [key]: value })).not.toThrow()
})

test.each(cases.filter(([, { bad }]) => bad.length > 0))(
  '%s refuses what it should, by name',
  (key, { bad }) => {
    for (const value of bad) {
      expect({ value, error: thrownBy(() => createSse({ [key]: value })) }).toEqual({
        value,
        error: expect.objectContaining({
          name: 'SseError',
          code: 'ERR_SSE_OPTION',
          message: expect.stringContaining(key),
        }),
      })
    }
  },
)

test('there is no other option, and the message says which there are', () => {
  for (const key of ['heartbeat', 'retry', 'toString', '__proto__', '']) {
    const options = JSON.parse(`{${JSON.stringify(key)}: 1}`)
    expect(thrownBy(() => createSse(options))).toMatchObject({
      code: 'ERR_SSE_OPTION',
      value: key,
      message: expect.stringMatching(/has no option .* There are: .*heartbeatMs.*onError/),
    })
  }
})

test.each([null, 7, 'x', true, [], () => {}])('%p are no options', (options) => {
  // As a caller in JavaScript can.
  expect(thrownBy(() => createSse(options as SseOptions))).toMatchObject({
    code: 'ERR_SSE_OPTION',
    value: options,
    message: expect.stringContaining('must be an object'),
  })
})

test('onError is a function', () => {
  expect(() => createSse({ onError: () => {} })).not.toThrow()
  expect(() => createSse({ onError: undefined })).not.toThrow()
  for (const onError of [null, true, {}, 'log']) {
    expect(thrownBy(() => createSse({ onError: onError as never }))).toMatchObject({
      code: 'ERR_SSE_OPTION',
      message: expect.stringContaining('onError must be a function'),
    })
  }
})

test.each<[string, unknown]>([
  ['not an object', 7],
  ['an unknown key', { grace: 1 }],
  ['a negative time', { graceMs: -1 }],
  ['no time at all', { graceMs: false }],
  ['bounds the wrong way round', { retryMs: [2, 1] }],
  ['one bound', { retryMs: [1] }],
  ['bounds that are no times', { retryMs: ['1', 2] }],
  ['a negative bound', { retryMs: [-1, 2] }],
])('close() refuses %s, and the streams go on', async (_what, options) => {
  const sse = createSse()
  await expect(sse.close(options as CloseOptions)).rejects.toMatchObject({ code: 'ERR_SSE_OPTION' })
  await expect(sse.close({ graceMs: 0, retryMs: [5, 5] })).resolves.toBe(undefined)
})

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

test('limits are checked one by one', () => {
  const good: Limits[] = [
    {},
    { maxStreams: 1 },
    { maxStreams: false },
    { maxStreamsPerKey: 3, key: () => 'Ada' },
  ]
  for (const limits of good) expect(() => createSse({ limits })).not.toThrow()
  const bad = [
    [null, /limits must be an object/],
    [{ maxStreams: 0 }, /maxStreams must be a whole number from 1/],
    [{ maxStreams: Number.NaN }, /maxStreams/],
    [{ maxStreamsPerKey: 3 }, /maxStreamsPerKey needs key\(request\)/],
    [{ key: 'user' }, /key must be a function/],
    [{ onLimit: 'evict' }, /onLimit must be 'retry' or 'status'/],
    [{ retryMs: [2, 1] }, /retryMs must be \[min, max\]/],
    [{ max: 1 }, /has no option "max"/],
  ] as const
  for (const [limits, message] of bad) {
    expect(thrownBy(() => createSse({ limits } as unknown as SseOptions))).toMatchObject({
      code: 'ERR_SSE_OPTION',
      message: expect.stringMatching(message),
    })
  }
})

test.each([7, {}, Symbol('Ada')])(
  'a key that is %p is refused before anything is answered',
  async (value) => {
    const events = createSse({ limits: { maxStreamsPerKey: 1, key: () => value as unknown as string } })
    const request = new IncomingMessage(new Socket())
    const response = new ServerResponse(request)
    expect(thrownBy(() => events.open(request, response))).toMatchObject({ code: 'ERR_SSE_OPTION', value })
    expect(response.headersSent).toBe(false)
  },
)
