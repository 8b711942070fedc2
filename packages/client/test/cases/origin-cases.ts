import { streams } from '../steps.ts'
import { connectionCase } from './connection-case.ts'
import { open, openSource, settle, take, watchSource } from './watching.ts'

/** Streams of another origin, and cookies. */
export const originCases = [
  connectionCase({
    name: 'C14: another origin with credentials, where the server allows them',
    other: () => [
      (response, request, tools) => {
        const allowed = {
          'Access-Control-Allow-Origin': request.headers.origin ?? '',
          'Access-Control-Allow-Credentials': 'true',
        }
        void streams('data: 1\n\n', { stays: true, headers: allowed })(response, request, tools)
      },
    ],
    async run({ other }) {
      const source = openSource(other, { withCredentials: true })
      const { data, origin } = await new Promise<MessageEvent>((resolve) => {
        source.addEventListener('message', (event) => resolve(event as MessageEvent)) // that is what it is
      })
      source.close()
      return { data, origin }
    },
    check({ result, other }) {
      expect(result).toEqual({ data: '1', origin: new URL(other.url).origin })
      expect(other.preflights).toEqual([])
    },
  }),
  ...[
    ['another one', { 'Access-Control-Allow-Origin': 'http://other.example' }],
    ['an empty one', { 'Access-Control-Allow-Origin': '' }],
    ['none', {}],
  ].map(([name, headers]) =>
    connectionCase({
      name: `C15: where the server allows ${name as string}, it is an error and nothing is delivered`,
      only: 'Chromium',
      other: () => [streams('data: 1\n\n', { headers: headers as Record<string, string> })],
      run: ({ other }) => watchSource(openSource(other), 2),
      // Not closed: see cases-not-met.ts.
      check: ({ result }) => expect(result).toEqual(['error 0', 'error 0']),
    }),
  ),
  ...([true, false, undefined] as const).map((withCredentials) =>
    connectionCase({
      name: `C16: withCredentials ${withCredentials ?? 'left out'}: cookies go to another origin ${withCredentials === true ? '' : 'neither there nor back'}`,
      only: 'Chromium',
      other: () => [
        (response, request, tools) => {
          const allowed = {
            'Access-Control-Allow-Origin': request.headers.origin ?? '',
            'Access-Control-Allow-Credentials': 'true',
            'Set-Cookie': 'visit=1',
          }
          void streams('data: 1\n\n', { headers: allowed })(response, request, tools)
        },
      ],
      run: ({ other }) => watchSource(openSource(other, { withCredentials }), 5),
      check({ other: { requests } }) {
        expect(requests[0]?.headers.cookie).toBeUndefined()
        expect(requests[1]?.headers.cookie).toBe(withCredentials === true ? 'visit=1' : undefined)
      },
    }),
  ),
  connectionCase({
    name: 'C16: cookies of the page’s own origin go along, and are kept',
    only: 'Chromium',
    main: () => [streams('data: 1\n\n', { headers: { 'Set-Cookie': 'visit=1' } })],
    run: ({ main }) => watchSource(openSource(main), 5),
    check: ({ main: { requests } }) => expect(requests[1]?.headers.cookie).toBe('visit=1'),
  }),
  connectionCase({
    name: 'C17: from another origin an id costs a preflight, which asks for last-event-id',
    only: 'Chromium',
    other: () => [
      streams('id: 1\ndata: 1\n\n', { headers: { 'Access-Control-Allow-Origin': '*' } }),
      streams('data: 2\n\n', { stays: true, headers: { 'Access-Control-Allow-Origin': '*' } }),
    ],
    async run({ other }) {
      await take(open(other), 2)
      await settle()
    },
    check({ other: { requests, preflights } }) {
      expect(requests[1]?.headers['last-event-id']).toBe('1')
      expect(preflights).toEqual(['last-event-id'])
    },
  }),
]
