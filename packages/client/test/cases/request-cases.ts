import { breaks, streams, waits } from '../steps.ts'
import { connectionCase } from './connection-case.ts'
import { failureOf, open, openSource, take, takeData, watchSource, watchUntilClosed } from './watching.ts'

const stays = { stays: true }

/** What requests are made with. */
export const requestCases = [
  connectionCase({
    name: 'C1: connect() asks by GET, for an event stream that is fresh, and brings no id',
    main: () => [streams('data: x\n\n', stays)],
    run: ({ main }) => takeData(main, 1),
    check({ main: { requests } }) {
      expect(requests[0]).toMatchObject({
        method: 'GET',
        headers: { accept: 'text/event-stream', 'cache-control': 'no-cache' },
      })
      expect(requests[0]?.headers).not.toHaveProperty('last-event-id')
    },
  }),
  connectionCase({
    name: 'C1: so does createEventSource()',
    main: () => [streams('data: x\n\n', stays)],
    run: ({ main }) => watchSource(openSource(main), 2),
    check({ result, main: { requests } }) {
      expect(result).toEqual(['open 1', 'message(x) 1'])
      expect(requests[0]).toMatchObject({
        method: 'GET',
        headers: { accept: 'text/event-stream', 'cache-control': 'no-cache' },
      })
      expect(requests[0]?.headers).not.toHaveProperty('last-event-id')
    },
  }),
  connectionCase({
    name: 'C3 C4 C5 P42 P43: brings the last id again, until it is reset',
    main: () => [
      streams('id: abc\ndata: 1\n\ndata: 2\n\n'),
      streams('data: 3\n\n'),
      streams('id\ndata: 4\n\n'),
      streams('data: 5\n\n', stays),
    ],
    run: ({ main }) => takeData(main, 5),
    check({ result, main: { requests } }) {
      expect(result).toEqual([1, 2, 3, 4, 5])
      expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual([
        undefined,
        'abc',
        'abc',
        undefined,
      ])
    },
  }),
  connectionCase({
    name: 'P13: brings an id that came without an event, and forgets one that was reset so',
    main: () => [
      streams('id: 1\ndata: a\n\nid: 2\n\n'),
      streams('data: b\n\nid\n\n'),
      streams('data: c\n\n', stays),
    ],
    run: ({ main }) => takeData(main, 3),
    check({ main: { requests } }) {
      expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', undefined])
    },
  }),
  connectionCase({
    name: 'P45: an id beyond ASCII goes as UTF-8',
    main: () => [streams('id: …豆\ndata: 1\n\n'), streams('data: 2\n\n', stays)],
    run: ({ main }) => takeData(main, 2),
    check({ main: { requests } }) {
      const id = String(requests[1]?.headers['last-event-id'])
      expect(Buffer.from(id, 'latin1').toString()).toBe('…豆')
    },
  }),
  connectionCase({
    name: 'C21: sends a body again with each connection, by POST or what else it is told',
    main: () => [
      streams('data: 1\n\n'),
      streams('data: 2\n\n', stays),
      streams('data: 1\n\n'),
      streams('data: 2\n\n', stays),
    ],
    async run({ main }) {
      const headers = { 'Content-Type': 'application/json' }
      await takeData(main, 2, { body: '{"q":1}', headers })
      await watchSource(openSource(main, { method: 'REPORT', body: '{"q":1}', headers }), 5)
    },
    check({ main: { requests } }) {
      expect(requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'REPORT', 'REPORT'])
      for (const request of requests) {
        expect(request).toMatchObject({ body: '{"q":1}', headers: { 'content-type': 'application/json' } })
      }
    },
  }),
  connectionCase({
    name: 'C22: begins where it is told to',
    main: () => [streams('data: 1\n\n', stays)],
    async run({ main }) {
      await takeData(main, 1, { lastEventId: 'given' })
      await watchSource(openSource(main, { lastEventId: 'given' }), 2)
    },
    check({ main: { requests } }) {
      expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual(['given', 'given'])
    },
  }),
  connectionCase({
    name: 'C19: what is no URL throws a SyntaxError',
    async run() {
      const names: unknown[] = []
      for (const url of ['http://', 'http://a:b/']) {
        try {
          openSource(url)
        } catch (error) {
          names.push((error as Error).name) // or else it is not seen
        }
      }
      return names
    },
    check: ({ result }) => expect(result).toEqual(['SyntaxError', 'SyntaxError']),
  }),
  ...['ftp://127.0.0.1/', 'about:blank', 'mailto:a@b', 'javascript:0', 'ws://127.0.0.1/'].map((url) =>
    connectionCase({
      name: `C19: ${url} is an error, and closed`,
      async run() {
        const thrown = await failureOf(take(open(url), 1))
        return { thrown, seen: await watchUntilClosed(openSource(url)) }
      },
      check({ result }) {
        expect(result).toMatchObject({ thrown: { code: 'ERR_SSE_CLIENT_OPTION' }, seen: ['error 2'] })
      },
    }),
  ),
  connectionCase({
    name: 'C11: tries again where nobody answers, or the connection breaks before an answer',
    main: () => [breaks, breaks, streams('data: 1\n\n', stays)],
    async run({ main }) {
      const refused = open('http://127.0.0.1:1/')
      const codes: unknown[] = []
      await new Promise<void>((resolve) => {
        const stop = refused.onState((state, error) => {
          codes.push(`${state} ${error?.code}`)
          if (codes.length < 2) return
          stop()
          resolve()
        })
        refused.on('message', () => {})
      })
      refused.close()
      return { codes, data: await takeData(main, 1) }
    },
    check({ result, main: { requests } }) {
      const failed = 'connecting ERR_SSE_CLIENT_NETWORK'
      expect(result).toEqual({ codes: [failed, failed], data: [1] })
      // Browsers send a GET again by themselves where a connection that was kept open breaks.
      expect(requests.length).toBeGreaterThanOrEqual(3)
    },
  }),
  connectionCase({
    name: 'C23: reconnect() connects at once, while it reads, waits for the next try, or for an answer',
    main: () => [
      streams('data: 1\n\n', stays),
      streams('retry: 3600000\ndata: 2\n\n'),
      waits,
      streams('data: 3\n\n', stays),
    ],
    async run({ main }) {
      const connection = open(main)
      const got: unknown[] = []
      const isTwo = new Promise<void>((resolve) => {
        connection.onState((state) => {
          if (state === 'connecting' && got.length === 2) resolve()
        })
        connection.on('message', ({ data }) => {
          got.push(data)
          if (data === 1) connection.reconnect()
        })
      })
      const isThree = new Promise((resolve) => connection.onEvent(({ data }) => data === 3 && resolve(null)))
      await isTwo
      connection.reconnect()
      // One that is not answered yet, whenever it was made.
      const timer = setInterval(() => connection.reconnect(), 100)
      await isThree
      clearInterval(timer)
      connection.close()
      return got
    },
    check: ({ result }) => expect(result).toEqual([1, 2, 3]),
  }),
  connectionCase({
    name: 'a body of bytes goes along too, and headers as a list or as Headers',
    main: () => [streams('data: 1\n\n', stays)],
    async run({ main }) {
      await take(open(main, { body: Uint8Array.of(104, 105), headers: [['X-Own', 'list']] }), 1)
      await take(open(main, { method: 'PUT', body: 'hi', headers: new Headers({ 'X-Own': 'Headers' }) }), 1)
    },
    check({ main: { requests } }) {
      expect(requests).toMatchObject([
        { method: 'POST', body: 'hi', headers: { 'x-own': 'list' } },
        { method: 'PUT', body: 'hi', headers: { 'x-own': 'Headers' } },
      ])
    },
  }),
]
