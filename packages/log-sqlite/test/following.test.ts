import { join } from 'node:path'
import { Follower } from '@rivulet/core/log-kit'
import { entry, followFromHead } from '../../../test/support/log-listener.ts'
import { OwnEntries } from '../src/file/own-entries.ts'
import { followAgain, NewsFeed } from '../src/news-feed.ts'
import { StorageThread } from '../src/storage-thread.ts'
import { Storage } from './support/storage.ts'

const start = { epoch: 'none', offset: 0, check: '0' }
const disposals: (() => unknown)[] = []
let storage: Storage
beforeEach(() => {
  storage = new Storage()
})
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose()
  await storage.close()
})

test('what another program has stored and is no entry is told to those who follow, who go on once it is gone', async () => {
  const log = storage.log()
  const listener = await followFromHead(log, 'news')
  await log.append('news', entry('one'))
  await listener.until(({ data }) => data.includes('one'))
  const outsider = await storage.outsider()
  await outsider.run(`BEGIN IMMEDIATE;
    INSERT INTO entry (history, offset, "check", previous, at, bytes, body)
      SELECT history, head + 1, 'late', head_check, 0, bytes, '{"v":2}' FROM channel;
    UPDATE channel SET head = head + 1, head_check = 'late';
    COMMIT`)
  await listener.until(({ errors }) => errors.length > 0)
  expect(listener.errors[0]).toMatchObject({ code: 'ERR_SSE_LOG_FOREIGN_KEY' })
  await log.append('news', entry('three'))
  await outsider.run(`UPDATE entry SET body = replace(body, '"v":2', '"v":1,"data":"two"')`)
  await listener.until(({ data }) => data.includes('three'))
  expect(listener.data).toEqual(['one', 'two', 'three'])
  await listener.stop()
})

describe('while the file cannot be opened', () => {
  let thread: StorageThread
  let unlock: () => Promise<unknown>

  beforeEach(async () => {
    const ownEntries = new OwnEntries().buffer
    const settings = {
      file: storage.file,
      synchronous: 'normal',
      pollMs: 10,
      upkeepMs: 1_000,
      ownEntries,
    } as const
    const ignore = () => {}
    const events = { opened: ignore, checkpointed: ignore, news: ignore, missed: ignore, broken: ignore }
    thread = new StorageThread(settings, 5_000, { ...events, lost: ignore })
    disposals.push(() => thread.close())
    await thread.request({ do: 'heads' })
    const another = join(storage.folder, 'another.db')
    const outsider = await storage.outsider(another)
    await outsider.run('BEGIN EXCLUSIVE')
    storage.replaceBy(another)
    unlock = () => outsider.run('COMMIT')
  })

  /** What the thread looks for, once it has done all that it was asked before. */
  async function followedChannels(): Promise<string[]> {
    const heads = (await thread.request({ do: 'heads' })) as { channel: string }[] // its answer
    return heads.map(({ channel }) => channel)
  }

  test('a channel that nobody follows any more is not followed later', async () => {
    const following = thread.request({ do: 'follow', channel: 'news' })
    thread.tell({ do: 'unfollow', channel: 'news' })
    await unlock()
    await following
    expect(await followedChannels()).toEqual([])
  })

  test('a thread in place of a lost one follows no channel that was let go of since', async () => {
    const follower = new Follower({
      feed: (self) => new NewsFeed(thread, self, new Set()),
      read: () => new Promise(() => {}),
      checkMs: 60_000,
      toError: (error) => error,
    })
    const handlers = { entries() {}, reset() {}, error() {} }
    const stopping = new AbortController()
    disposals.push(() => follower.close())
    const request = jest.spyOn(thread, 'request')
    for (const [channel, signal] of [
      ['kept', new AbortController().signal],
      ['left', stopping.signal],
    ] as const) {
      void follower.follow(channel, { after: start, signal }, handlers)
    }
    expect(request).toHaveBeenCalledTimes(2)
    const again = followAgain(thread, follower, new AbortController().signal)
    // It waits for the first of them.
    while (request.mock.calls.length < 3) await new Promise((resolve) => setTimeout(resolve, 1))
    stopping.abort()
    await unlock()
    await again
    expect(await followedChannels()).toEqual(['kept'])
  })
})
