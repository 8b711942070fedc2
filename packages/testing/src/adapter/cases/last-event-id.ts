import assert from 'node:assert/strict'
import type { RequestOptions } from '../../collect/request.ts'
import { type Case, holding } from '../trial.ts'

interface Brought extends RequestOptions {
  readonly name: string
  readonly query?: string
  readonly expected: string | null
}

const tooLong = 'x'.repeat(1025)

const brought: readonly Brought[] = [
  { name: 'is null where the client brings none', expected: null },
  { name: 'comes from the header', lastEventId: 'a-1', expected: 'a-1' },
  { name: 'comes from the query for clients without headers', query: '?lastEventId=a-1', expected: 'a-1' },
  { name: 'S29: header wins over query', lastEventId: 'h', query: '?lastEventId=q', expected: 'h' },
  {
    name: 'S29: comes from the query where the header is empty',
    lastEventId: '',
    query: '?lastEventId=q',
    expected: 'q',
  },
  { name: 'S30: is decoded as UTF-8', lastEventId: 'größe-€-豆腐', expected: 'größe-€-豆腐' },
  { name: 'S30: is decoded in the query too', query: '?lastEventId=gr%C3%B6%C3%9Fe', expected: 'größe' },
  { name: 'S30: is trimmed', query: '?lastEventId=%20%09a%20', expected: 'a' },
  { name: 'S30: of 1,024 bytes is taken', lastEventId: 'x'.repeat(1024), expected: 'x'.repeat(1024) },
  { name: 'S30: that is too long is cut', lastEventId: tooLong, expected: tooLong.slice(0, 1024) },
  {
    name: 'S30: that is too long is cut in the query',
    query: `?lastEventId=${tooLong}`,
    expected: tooLong.slice(0, 1024),
  },
  {
    name: 'S30: of bytes that are no UTF-8 does no harm',
    headers: { 'last-event-id': '\xff\xfe' },
    expected: '��',
  },
  { name: 'is text only: ?lastEventId[]= is none', query: '?lastEventId[]=a', expected: null },
  { name: 'is text only: ?lastEventId[a]= is none', query: '?lastEventId[a]=b', expected: null },
  { name: 'given twice in the query is the first', query: '?lastEventId=a&lastEventId=b', expected: 'a' },
  { name: 'named __proto__ is a name like others', query: '?lastEventId=__proto__', expected: '__proto__' },
  { name: 'with a broken escape does no harm', query: '?lastEventId=%', expected: '%' },
  { name: 'from duplicate headers is one text', headers: { 'last-event-id': ['a', 'b'] }, expected: 'a, b' },
]

/** What a returning client brings, and how far it is trusted. */
export const lastEventIdCases: readonly Case[] = [
  ...brought.map(
    ({ name, query = '', expected, ...request }): Case => ({
      name,
      async run(trial) {
        const { route, streams } = holding()
        const server = await trial.start({ '/': route })
        const client = server.request(`/${query}`, request)
        const stream = await streams.take()
        assert.equal(stream.lastEventId, expected)
        stream.send({ data: 'goes on' })
        await client.received(1)
        assert.equal(client.status, 200)
      },
    }),
  ),
  ...[
    { where: 'header', path: '/', request: { lastEventId: 'abc.end' } },
    { where: 'query', path: '/?lastEventId=.end', request: {} },
  ].map(
    ({ where, path, request }): Case => ({
      name: `S38: that ends in .end is answered 204, from the ${where}`,
      async run(trial) {
        let runCount = 0
        const { route, streams } = holding()
        const server = await trial.start({
          '/': async (context) => {
            context.setHeader('Content-Type', 'application/json')
            await route(context)
          },
          '/handler': async ({ open }) => {
            await open(() => {
              runCount += 1
            })
          },
        })
        const plain = server.request(path, request)
        const handler = server.request(path.replace('/', '/handler'), request)
        for (const client of [plain, handler]) {
          await client.ended()
          assert.equal(client.status, 204)
          assert.equal(client.raw.length, 0)
          assert.equal(client.headers['content-type'], undefined)
          assert.equal(client.headers['content-length'], undefined)
        }
        assert.equal((await streams.take()).closed, 'end')
        assert.equal(runCount, 0)
      },
    }),
  ),
]
