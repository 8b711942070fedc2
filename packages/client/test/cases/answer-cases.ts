import { answers, type Step, streams } from '../steps.ts'
import { connectionCase } from './connection-case.ts'
import {
  failureOf,
  open,
  openSource,
  settle,
  take,
  takeData,
  watchSource,
  watchUntilClosed,
} from './watching.ts'

const stays = { stays: true }

function page(status: number, type: string | null): Step {
  return (response) => {
    response.writeHead(status, type === null ? {} : { 'Content-Type': type })
    response.end('data: no\n\n')
  }
}

/** What answers mean. */
export const answerCases = [
  ...[205, 210, 299, 400, 401, 403, 404, 410].map((status) =>
    connectionCase({
      name: `C6: ${status} is final`,
      main: () => [answers(status, { 'Content-Type': 'text/event-stream' })],
      async run({ main }) {
        const thrown = await failureOf(take(open(main), 1))
        return { thrown, seen: await watchUntilClosed(openSource(main)) }
      },
      check({ result, main: { requests } }) {
        expect(result).toEqual({ thrown: { code: 'ERR_SSE_CLIENT_RESPONSE', status }, seen: ['error 2'] })
        expect(requests).toHaveLength(2)
      },
    }),
  ),
  connectionCase({
    name: 'C6: 204 is the end',
    main: () => [answers(204)],
    async run({ main }) {
      const connection = open(main)
      const events = await take(connection, 1)
      return { events, closed: await connection.closed, seen: await watchUntilClosed(openSource(main)) }
    },
    check({ result, main: { requests } }) {
      expect(result).toEqual({ events: [], closed: { reason: 'end' }, seen: ['error 2'] })
      expect(requests).toHaveLength(2)
    },
  }),
  connectionCase({
    name: 'C13: connects again, is told 204, and closes once',
    main: () => [streams('data: 1\n\n'), answers(204)],
    async run({ main }) {
      const connection = open(main)
      const states: unknown[] = []
      connection.onState((state) => states.push(state))
      const events = await take(connection, 2)
      await settle()
      return { events, states, state: connection.state }
    },
    check({ result, main: { requests } }) {
      expect(result).toMatchObject({ events: [{ data: 1 }], states: ['open', 'connecting', 'closed'] })
      expect(requests).toHaveLength(2)
    },
  }),
  connectionCase({
    name: 'C13: so does createEventSource()',
    main: () => [streams('data: 1\n\n'), answers(204)],
    run: ({ main }) => watchUntilClosed(openSource(main)),
    check({ result, main: { requests } }) {
      expect(result).toEqual(['open', 'message', 'error 0', 'error 2'])
      expect(requests).toHaveLength(2)
    },
  }),
  ...['x bogus', 'text/x-bogus', 'application/json', 'text/event-streams', null].map((type) =>
    connectionCase({
      name: `C7: 200 as ${type ?? 'no type at all'} is final`,
      main: () => [page(200, type)],
      async run({ main }) {
        const thrown = await failureOf(take(open(main), 1))
        return { thrown, seen: await watchUntilClosed(openSource(main)) }
      },
      check({ result, main: { requests } }) {
        expect(result).toEqual({
          thrown: { code: 'ERR_SSE_CLIENT_RESPONSE', status: 200 },
          seen: ['error 2'],
        })
        expect(requests).toHaveLength(2)
      },
    }),
  ),
  ...[200, 408, 425, 429, 500, 502, 503, 504].map((status) =>
    connectionCase({
      name: `C6 C7: an HTML page with ${status} is tried again`,
      // Which Chromium tries again by itself.
      ...(status === 408 ? { only: 'Node' } : {}),
      main: () => [page(status, 'text/html'), page(status, 'text/html'), streams('data: 1\n\n', stays)],
      run: ({ main }) => watchSource(openSource(main), 4),
      check({ result, main: { requests } }) {
        expect(result).toEqual(['error 0', 'error 0', 'open 1', 'message(1) 1'])
        expect(requests).toHaveLength(3)
      },
    }),
  ),
  ...[
    'text/event-stream;',
    'text/event-stream;charset=utf-8',
    'TEXT/EVENT-STREAM',
    'text/event-stream ; x=y',
  ].map((type) =>
    connectionCase({
      name: `C8: ${type} is a stream`,
      main: () => [streams('data: 1\n\n', { ...stays, type })],
      run: ({ main }) => takeData(main, 1),
      check: ({ result }) => expect(result).toEqual([1]),
    }),
  ),
  connectionCase({
    name: 'P41: another charset is UTF-8 all the same',
    main: () => [streams('data: ok…\n\n', { ...stays, type: 'text/event-stream; charset=windows-1252' })],
    run: ({ main }) => takeData(main, 1),
    check: ({ result }) => expect(result).toEqual(['ok…']),
  }),
  ...[301, 302, 303, 307, 308].map((status) =>
    connectionCase({
      name: `C9: follows ${status}, and events are of the origin it led to`,
      main: (other) => [answers(status, { Location: other })],
      other: () => [
        streams('data: there\n\n', { ...stays, headers: { 'Access-Control-Allow-Origin': '*' } }),
      ],
      run: async ({ main }) => ({ data: await takeData(main, 1), origin: await originOfFirst(main) }),
      check({ result, other }) {
        expect(result).toEqual({ data: ['there'], origin: new URL(other.url).origin })
      },
    }),
  ),
  connectionCase({
    name: 'C10: follows a relative Location',
    main: () => [answers(307, { Location: 'there?a=b' }), streams('data: there\n\n', stays)],
    run: ({ main }) => takeData(main, 1),
    check({ result, main: { requests } }) {
      expect(result).toEqual(['there'])
      expect(requests.map(({ url }) => url)).toEqual(['/', '/there?a=b'])
    },
  }),
  ...[301, 307].map((status) =>
    connectionCase({
      name: `C10: ${status} with no Location is final`,
      main: () => [answers(status)],
      run: ({ main }) => failureOf(take(open(main), 1)),
      check({ result, main: { requests } }) {
        expect(result).toEqual({ code: 'ERR_SSE_CLIENT_RESPONSE', status })
        expect(requests).toHaveLength(1)
      },
    }),
  ),
  ...['', '/'].map((location) =>
    connectionCase({
      name: `C10: a redirection that leads back (Location ${JSON.stringify(location)}) is an error, and no endless loop`,
      main: () => [answers(302, { Location: location })],
      async run({ main }) {
        const connection = open(main, { retryMs: 60_000, maxRetryMs: 60_000 })
        const code = await new Promise((resolve) => {
          connection.onState((_state, error) => resolve(error?.code))
          connection.on('message', () => {})
        })
        connection.close()
        return code
      },
      check({ result, main: { requests } }) {
        expect(['ERR_SSE_CLIENT_NETWORK', 'ERR_SSE_CLIENT_RESPONSE']).toContain(result)
        expect(requests.length).toBeLessThan(25) // The standard's limit is 20.
      },
    }),
  ),
  connectionCase({
    name: 'Retry-After is honoured',
    main: () => [answers(503, { 'Retry-After': '1' }), streams('data: 1\n\n', stays)],
    run: ({ main }) => takeData(main, 1),
    check({ main: { requests } }) {
      const [first, second] = requests
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950)
    },
  }),
]

async function originOfFirst(url: string): Promise<string> {
  const source = openSource(url)
  const origin = await new Promise<string>((resolve) => {
    source.onmessage = (event) => resolve(event.origin)
  })
  source.close()
  return origin
}
