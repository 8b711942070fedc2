import { breaks, streams, waits } from '../steps.ts'
import { connectionCase } from './connection-case.ts'
import { failureOf, open, openSource, settle, take, takeData, watchSource } from './watching.ts'

const stays = { stays: true }

/** How connections end, and what comes behind that. */
export const breakCases = [
  connectionCase({
    name: 'C2 C18: a stream that ends is an error event while it connects again',
    main: () => [streams('id: 1\nevent: made\ndata: {"n":1}\n\ndata: 2\n\n'), streams('data: 3\n\n', stays)],
    run: ({ main }) => watchSource(openSource(main), 6, ['message', 'made']),
    check({ result }) {
      const first = ['open 1', 'made({"n":1}) 1', 'message(2) 1']
      expect(result).toEqual([...first, 'error 0', 'open 1', 'message(3) 1'])
    },
  }),
  connectionCase({
    name: 'C18: messages neither bubble nor can be cancelled; open and error have no data',
    main: () => [streams('event: made\nid: 7\ndata: x\n\n')],
    async run({ main }) {
      const source = openSource(main)
      const events = await Promise.all(
        ['open', 'made', 'error'].map(
          (type) => new Promise<Event>((resolve) => source.addEventListener(type, resolve, { once: true })),
        ),
      )
      source.close()
      return events.map((event) => ({
        type: event.type,
        isMessage: event instanceof MessageEvent,
        bubbles: event.bubbles,
        cancelable: event.cancelable,
        hasData: 'data' in event,
        lastEventId: Reflect.get(event, 'lastEventId') ?? null,
      }))
    },
    check({ result }) {
      const plain = {
        isMessage: false,
        bubbles: false,
        cancelable: false,
        hasData: false,
        lastEventId: null,
      }
      expect(result).toEqual([
        { ...plain, type: 'open' },
        { ...plain, type: 'made', isMessage: true, hasData: true, lastEventId: '7' },
        { ...plain, type: 'error' },
      ])
    },
  }),
  connectionCase({
    name: 'C2 C11 P50: comes back when the stream ends, or breaks within an event, which is none then',
    main() {
      let cut = () => {}
      return [
        streams('id: 1\ndata: 1\n\n'),
        (response) => {
          response.writeHead(200, { 'Content-Type': 'text/event-stream' })
          response.write('id: 2\ndata: 2\n\nid: 3\ndata: cut o')
          cut = () => response.destroy()
        },
        (response) => {
          response.end()
          cut()
        },
        breaks,
        streams('data: 3\n\n', stays),
      ]
    },
    async run({ main }) {
      const connection = open(main)
      // What has come when a connection breaks, and has not been read yet, is lost with it.
      connection.on('message', ({ data }) => data === 2 && void fetch(`${main}arrived`))
      return (await take(connection, 3)).map(({ data }) => data)
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual([1, 2, 3])
      expect(requests[1]?.headers['last-event-id']).toBe('1')
      expect(requests.at(-1)?.headers['last-event-id']).toBe('2')
    },
  }),
  connectionCase({
    name: 'P51: the id of an event that was cut off is not kept',
    main: () => [streams('data:test1\n\nid:test\ndata:test2'), streams('data:test1\n\n', stays)],
    run: async ({ main }) =>
      (await take(open(main), 2)).map(({ data, lastEventId }) => ({ data, lastEventId })),
    check({ result, main: { requests } }) {
      expect(result).toEqual([
        { data: 'test1', lastEventId: '' },
        { data: 'test1', lastEventId: '' },
      ])
      expect(requests[1]?.headers).not.toHaveProperty('last-event-id')
    },
  }),
  connectionCase({
    name: 'C25: each connection is parsed anew: byte order mark, unfinished line, CR; id and reconnection time stay',
    main: () => [
      streams('retry: 40\nid: 1\ndata: a\n\ndata: unfinished\r'),
      // Behind that CR an LF would be left out.
      streams('\ndata: b\n\nevent: unfin'),
      streams('\uFEFFdata: c\n\n', stays),
    ],
    run: async ({ main }) => (await take(open(main, { maxRetryMs: 1 }), 3)).map((event) => ({ ...event })),
    check({ result, main: { requests } }) {
      const event = 'message'
      expect(result).toEqual(['a', 'b', 'c'].map((data) => ({ event, data, lastEventId: '1' })))
      const [first, second, third] = requests.map(({ at }) => at)
      expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(38)
      expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(38)
    },
  }),
  connectionCase({
    name: 'C20: silence is a break; any byte ends it',
    main: () => [
      (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.write('data: 1\n\n')
        let count = 0
        const timer = setInterval(() => {
          count += 1
          if (count < 5) response.write(':\n')
          else clearInterval(timer)
        }, 100)
      },
      streams('data: 2\n\n', stays),
    ],
    async run({ main }) {
      const connection = open(main, { silenceMs: 300 })
      const errors: unknown[] = []
      connection.onState((_state, error) => error !== undefined && errors.push(error.code))
      await take(connection, 2)
      return errors
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual(['ERR_SSE_CLIENT_SILENT'])
      const [first, second] = requests
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(4 * 100 + 250)
    },
  }),
  connectionCase({
    name: 'C20: so is an answer that does not come',
    main: () => [waits, streams('data: 2\n\n', stays)],
    run: ({ main }) => watchSource(openSource(main, { silenceMs: 100 }), 3),
    check: ({ result }) => expect(result).toEqual(['error 0', 'open 1', 'message(2) 1']),
  }),
  connectionCase({
    name: 'C24 P47: waits as long as the server says, and at most a quarter more',
    main: () => [streams('retry: 0400\ndata: 1\n\n'), streams('data: 2\n\n', stays)],
    run: ({ main }) => takeData(main, 2),
    check({ main: { requests } }) {
      const [first, second] = requests
      const waitedMs = (second?.at ?? 0) - (first?.at ?? 0)
      expect(waitedMs).toBeGreaterThan(395)
      expect(waitedMs).toBeLessThan(400 * 1.25 + 150)
    },
  }),
  connectionCase({
    name: 'P46 P48: what is no time is ignored',
    main: () => [
      streams(
        'retry: 300\nretry: 1000x\nretry\nretry:\nretry: -1\nretry: 1.5\nretry:  5\nretry: ٣\ndata: 1\n\n',
      ),
      streams('data: 2\n\n', stays),
    ],
    run: ({ main }) => takeData(main, 2),
    check({ main: { requests } }) {
      const [first, second] = requests
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(295)
    },
  }),
  connectionCase({
    name: 'P49: a time beyond what timers can wait is long, not over at once',
    main: () => [streams('retry: 99999999999999999999\ndata: 1\n\n'), streams('data: 2\n\n', stays)],
    async run({ main }) {
      const connection = open(main)
      const isOver = new Promise<void>((resolve) => {
        connection.onState((state) => state === 'connecting' && resolve())
      })
      const got: unknown[] = []
      connection.on('message', ({ data }) => got.push(data))
      await isOver
      await settle()
      connection.close()
      return got
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual([1])
      expect(requests).toHaveLength(1)
    },
  }),
  connectionCase({
    name: 'C12: close() while it connects: nothing happens any more',
    main: () => [waits],
    async run({ main }) {
      const source = openSource(main)
      const seen: string[] = []
      for (const type of ['open', 'message', 'error']) source.addEventListener(type, () => seen.push(type))
      await new Promise((resolve) => setTimeout(resolve, 20))
      source.close()
      const state = source.readyState
      await settle()
      return { seen, state }
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual({ seen: [], state: 2 })
      expect(requests.length).toBeLessThanOrEqual(1)
    },
  }),
  connectionCase({
    name: 'C12: close() in a listener: no more events, no error, no reconnect',
    main: () => [streams('data: 1\n\ndata: 2\n\n')],
    async run({ main }) {
      const source = openSource(main)
      const connection = open(main)
      const seen: unknown[] = []
      source.onerror = () => seen.push('error')
      source.onmessage = ({ data }) => {
        seen.push(data)
        source.close()
      }
      connection.on('message', ({ data }) => {
        seen.push(data)
        connection.close()
      })
      const closed = await connection.closed
      await settle()
      return { seen: seen.map(String).sort(), closed, state: source.readyState }
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual({ seen: ['1', '1'], closed: { reason: 'closed' }, state: 2 })
      expect(requests).toHaveLength(2)
    },
  }),
  connectionCase({
    name: 'C12: close() while it is open, as open itself says: no more events',
    main: () => [streams('data: 1\n\n')],
    async run({ main }) {
      const source = openSource(main)
      const seen: string[] = []
      for (const type of ['message', 'error']) source.addEventListener(type, () => seen.push(type))
      source.onopen = () => source.close()
      await settle()
      return { seen, state: source.readyState }
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual({ seen: [], state: 2 })
      expect(requests).toHaveLength(1)
    },
  }),
  ...(['gzip', 'br'] as const).map((coding) =>
    connectionCase({
      name: `C26: ${coding} is decoded as it comes`,
      main() {
        let stream: { write(text: string): void; end(): void } | undefined
        return [
          (response, _request, tools) => {
            stream = tools.compressed(response, coding)
            stream.write('data: 1\n\n')
          },
          (response) => {
            response.end()
            stream?.write('data: 2\n\n')
          },
        ]
      },
      async run({ main }) {
        const events = open(main)[Symbol.asyncIterator]()
        const first = await events.next()
        // The second is sent when the first has arrived.
        await fetch(`${main}arrived`)
        const second = await events.next()
        await events.return?.()
        return [first.value?.data, second.value?.data]
      },
      check: ({ result }) => expect(result).toEqual([1, 2]),
    }),
  ),
  connectionCase({
    name: 'P33: an event that two CRs end is there while the stream stays open',
    main: () => [streams('data: x\r\r', stays)],
    run: ({ main }) => takeData(main, 1),
    check: ({ result }) => expect(result).toEqual(['x']),
  }),
  connectionCase({
    name: 'P4: 5 MiB in one event, and 10 MiB',
    main: () => [
      streams(`data: ${'x'.repeat(5 * 2 ** 20)}\n\n`),
      streams(
        [`data: ${'y'.repeat(5 * 2 ** 20)}`, `${'y'.repeat(5 * 2 ** 20)}\n\n`].map((text) =>
          new TextEncoder().encode(text),
        ),
        stays,
      ),
    ],
    async run({ main }) {
      const data = (await takeData(main, 2)).map(String)
      return data.map((text) => [text.length, new Set(text).size])
    },
    check: ({ result }) =>
      expect(result).toEqual([
        [5 * 2 ** 20, 1],
        [10 * 2 ** 20, 1],
      ]),
  }),
  ...[
    ['one long line', `data: ${'x'.repeat(2_000)}`],
    ['many lines', 'data: x\n'.repeat(2_000)],
    ['a long unknown field', 'y'.repeat(2_000)],
    ['a whole event', `data: ${'x'.repeat(2_000)}\n\n`],
  ].map(([name, text]) =>
    connectionCase({
      name: `P53: beyond its limit ${name} is an error with a code, behind what came before`,
      main: () => [streams(`data: 1\n\n${text}`, stays)],
      async run({ main }) {
        const got: unknown[] = []
        const connection = open(main, { maxEventLength: 1_000 })
        const thrown = await failureOf(
          (async () => {
            for await (const { data } of connection) got.push(data)
          })(),
        )
        return { got, thrown }
      },
      check({ result, main: { requests } }) {
        expect(result).toMatchObject({ got: [1], thrown: { code: 'ERR_SSE_CLIENT_TOO_LARGE' } })
        expect(requests).toHaveLength(1)
      },
    }),
  ),
]
