import { makeChannel, publishAll, serve } from './live.ts'

describe('a filter that gives neither true nor false', () => {
  test.each<[string, () => unknown]>([
    ['a promise of false', async () => false],
    ['a promise of true', async () => true],
    ['a promise that rejects', () => Promise.reject(new Error('mistake'))],
    ['nothing', () => undefined],
    ['a number', () => 1],
    ['text', () => 'yes'],
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
