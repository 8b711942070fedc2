/** An event as the standard dispatches it. */
export interface Dispatched {
  readonly event: string
  readonly data: string
  readonly lastEventId: string
}

/** Bytes of a stream, and what comes of them. */
export interface ParsingCase {
  readonly name: string
  readonly bytes: Uint8Array
  readonly events: readonly Dispatched[]
  /** The last event id in the end. Default: the last event's, else none. */
  readonly lastEventId?: string
  readonly retries?: readonly number[]
}

function msg(data: string, event = 'message', lastEventId = ''): Dispatched {
  return { event, data, lastEventId }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

type Extra = Omit<ParsingCase, 'name' | 'bytes' | 'events'>

function one(
  name: string,
  stream: string | Uint8Array,
  events: readonly (string | Dispatched)[],
  extra: Extra = {},
): ParsingCase {
  const bytes = typeof stream === 'string' ? encode(stream) : stream
  return {
    name,
    bytes,
    events: events.map((each) => (typeof each === 'string' ? msg(each) : each)),
    ...extra,
  }
}

const bom = '\uFEFF'

/** P30: the same with each of the three line ends. */
function withEachEnd(name: string, stream: string, events: readonly string[]): ParsingCase[] {
  return Object.entries({ LF: '\n', CRLF: '\r\n', CR: '\r' }).map(([end, characters]) =>
    one(`${name}, lines ended by ${end}`, stream.replaceAll('\n', characters), events),
  )
}

/** What parsers have to make of bytes, however these are cut: the cases P1 to P52, except those that only a connection has. */
export const parsingCases: readonly ParsingCase[] = [
  ...withEachEnd('P1 P2 P30: one event', 'data: Hello\n\n', ['Hello']),
  one('P3: pieces with a shared middle', 'data: testtest\n\ndata:test\n\n', ['testtest', 'test']),
  ...withEachEnd('P5 P30: two events', 'data: A\n\ndata: B\n\n', ['A', 'B']),
  ...withEachEnd('P6 P30: two lines', 'data: A\ndata:B\n\n', ['A\nB']),
  one('P7: empty data is dispatched', 'data:\n\n', ['']),
  one('P8: data without a colon', 'data\n\n', ['']),
  one('P9: two of them', 'data\ndata\n\n', ['\n']),
  ...withEachEnd('P10 P30: an empty first line', 'data:\ndata: l2\ndata: l3\n\n', ['\nl2\nl3']),
  ...withEachEnd('P11 P30: an empty line between', 'data: l1\ndata:\ndata: l3\n\n', ['l1\n\nl3']),
  ...withEachEnd('P12 P30: blank lines give nothing', '\n\n\ndata: x\n\n\n\ndata: y\n\n', ['x', 'y']),
  one('P13: a block without data moves the id alone', 'id: 1\n\n', [], { lastEventId: '1' }),
  one('P13: a type without data is nothing', 'event: e\n\n', []),
  one('P13: a reconnection time without data', 'retry: 5\n\n', [], { retries: [5] }),
  one('P13: the id holds for what follows', 'id: 1\n\ndata: x\n\n', [msg('x', 'message', '1')]),
  one('P14: a type', 'event: greeting\ndata: Hi\n\n', [msg('Hi', 'greeting')]),
  one('P15: an empty type', 'event:\ndata: x\n\nevent: \ndata: y\n\n', ['x', 'y']),
  one('P16: a type does not persist', 'event: t\ndata: x\n\ndata: y\n\n', [msg('x', 't'), 'y']),
  one('P17: fields in any order', 'data: Hi\nid: 1\nevent: e\n\n', [msg('Hi', 'e', '1')]),
  one('P18: the last type wins', 'event: a\nevent: b\ndata: x\n\n', [msg('x', 'b')]),
  one('P19: one space is taken off', 'event:  greeting\ndata:  Hi\n\n', [msg(' Hi', ' greeting')]),
  one('P20: a tab stays', 'data:\ttest\n\n', ['\ttest']),
  one('P21: mixed line ends', 'data:test\rdata: \ndata:test\n\n', ['test\n\ntest']),
  one('P22: a line that begins with a space', ' data: x\ndata: y\n\n', ['y']),
  one('P23: names are case-sensitive', 'Data: x\nDATA: y\ndata: z\n\n', ['z']),
  one('P24: other names', 'data\0:2\n\0data:4\nda-ta:3\ndata_5\ndata:x\n\n', ['x']),
  one('P25: unknown fields', 'foobar:xxx\njustsometext\n:c\ndata: t\n\n', ['t']),
  one('P26: the first colon counts', 'data: a:b:c\n\n', ['a:b:c']),
  one('P27: NUL in data', 'data:\0\n\n', ['\0']),
  one('P28: comments', `:\n::\n:\0\ndata: a\n:${'x'.repeat(2_048)}\r:data:fail\rdata: b\n\n`, ['a\nb']),
  one('P29: a comment alone', ':hb\n\n', []),
  one('P31: CRLF counts once', 'data: Hello\r\ndata: World\r\n\r\ndata: OK\r\n\r\n', ['Hello\nWorld', 'OK']),
  one('P32: a last CR ends the blank line', 'data:test\r\ndata\ndata:test\r\n\r', ['test\n\ntest']),
  one('P33: two CRs end an event', 'data: x\r\r', ['x']),
  one('P34 P35: a byte order mark', `${bom}data: 1\n\n`, ['1']),
  one('P36: only the first of two', `${bom}${bom}data:1\n\ndata:2\n\n`, ['2']),
  one('P37: none later', `data: 1\n\n${bom}data: 2\n\ndata: 3\n\n`, ['1', '3']),
  one('P38: within data it stays', `data: ${bom}x\n\n`, [`${bom}x`]),
  one('P39: characters of several bytes', 'data: €豆腐\n\n', ['€豆腐']),
  one('P40: bytes that are no UTF-8', Uint8Array.of(...encode('data: '), 0xff, ...encode('A\n\n')), [
    '\uFFFDA',
  ]),
  one('P42: an id holds for later events', 'id: abc\ndata: 1\n\ndata: 2\n\n', [
    msg('1', 'message', 'abc'),
    msg('2', 'message', 'abc'),
  ]),
  one('P43: an empty id resets', 'id: 1\ndata: 1\n\nid:\ndata: 2\n\ndata: 3\n\n', [
    msg('1', 'message', '1'),
    '2',
    '3',
  ]),
  one('P43: one without a colon too', 'id: 1\ndata: 1\n\nid\ndata: 2\n\n', [msg('1', 'message', '1'), '2']),
  one('P43: and one without data', 'id: 1\ndata: 1\n\nid\n\n', [msg('1', 'message', '1')], {
    lastEventId: '',
  }),
  ...['x\0', '\0x', '\0\0', ' \0'].map((id) =>
    one(
      `P44: an id with NUL (${JSON.stringify(id)}) is ignored`,
      `id: 1\n\nid: ${id}\n\nid: ${id}\ndata: y\n\n`,
      [msg('y', 'message', '1')],
    ),
  ),
  one('P45: an id beyond ASCII', 'id: …\ndata: x\n\n', [msg('x', 'message', '…')]),
  one('P46: a bad reconnection time is ignored', 'retry: 3000\nretry: 1000x\n\n', [], { retries: [3_000] }),
  one('P47: decimal', 'retry: 03000\n\n', [], { retries: [3_000] }),
  one('P48: no times', 'retry\nretry:\nretry: -1\nretry: 1.5\nretry:  50\nretry: ٣\n\n', [], { retries: [] }),
  one('P49: bounded by what timers can wait', 'retry: 99999999999999999999\n\n', [], {
    retries: [2 ** 31 - 1],
  }),
  one('P50: a block that is not ended is none', 'id: 1\ndata: a\n\nid: 2\ndata: b', [
    msg('a', 'message', '1'),
  ]),
  one('P51: neither is one that only lacks its blank line', 'data:test1\n\nid:test\ndata:test2', ['test1']),
  one(
    'P52: many in one piece',
    Array.from({ length: 100 }, (_each, n) => `data: ${n}\n\n`).join(''),
    Array.from({ length: 100 }, (_each, n) => String(n)),
  ),
]
