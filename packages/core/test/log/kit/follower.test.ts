import { getEventListeners } from 'node:events'
import { type Feed, Follower } from '@rivulet/core/log-kit'

const start = { epoch: 'e', offset: 0, check: '0' }
const handlers = { entries() {}, reset() {}, error() {} }

test('a feed that cannot be started is told with its code, leaves nothing behind, and is started by the next tail', async () => {
  const isStarted = jest.fn()
  const feed: Feed = {
    start: isStarted.mockImplementationOnce(() => {
      throw new Error('closed')
    }),
    add: async () => {},
    remove() {},
    check() {},
    stop() {},
  }
  const follower = new Follower({
    feed: () => feed,
    read: async () => ({ entries: [], first: 1, head: 0, epoch: 'e', after: start, ended: false }),
    checkMs: 1_000,
    toError: (cause) => Object.assign(new Error('coded', { cause }), { code: 'CODE' }),
  })
  const { signal } = new AbortController()
  await expect(follower.follow('news', { after: start, signal }, handlers)).rejects.toMatchObject({
    code: 'CODE',
    cause: { message: 'closed' },
  })
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect([...follower.channels()]).toEqual([])

  const following = follower.follow('news', { after: start, signal }, handlers)
  expect(isStarted).toHaveBeenCalledTimes(2)
  expect([...follower.channels()]).toEqual(['news'])
  follower.close()
  await following
})
