import { makeChannel, publishAll, serve } from './live.ts'

describe('a filter that gives a promise', () => {
  test.each<[string, () => unknown]>([
    ['of false', async () => false],
    ['of true', async () => true],
    ['that rejects', () => Promise.reject(new Error('mistake'))],
  ])('(%s) closes its stream, is reported, and lets nothing through', async (_what, filter) => {
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    const channel = makeChannel()
    await publishAll(channel, ['secret'])
    const server = await serve((stream) =>
      Reflect.apply(stream.subscribe, stream, [channel, { from: 'start', filter }]),
    )
    const client = server.connect()
    await client.until(({ isOver, data }) => isOver || data.length > 0)
    expect(client.data).toEqual([])
    expect(server.streams[0]?.closed).toBe('error')
    expect(server.errors).toMatchObject([{ code: 'ERR_SSE_OPTION' }])
    // Node tells of rejections that nobody took behind the turn in which they were made.
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).not.toHaveBeenCalled()
    process.off('unhandledRejection', unhandled)
  })
})

test('a filter may give anything else, truthy or not', async () => {
  const channel = makeChannel()
  await publishAll(channel, [0, 1, '', 'text', null, 'last'])
  const server = await serve((stream) =>
    Reflect.apply(stream.subscribe, stream, [
      channel,
      { from: 'start', filter: ({ data }: { data: unknown }) => data },
    ]),
  )
  const client = server.connect()
  await client.until(({ data }) => data.includes('last'))
  expect(client.data).toEqual(['1', 'text', 'last'])
})
