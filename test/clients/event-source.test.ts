import { EventSource as EventSource4 } from 'eventsource'
import { createEventSource } from 'eventsource-client'
import { EventSource as UndiciEventSource } from 'undici'
import { launchChromium, openPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { droppedAfter, type Feed, startFeed, wholeFeed } from './harness/feed.ts'

/** The part of the standard that is used here; each client has types of its own for it. */
interface StandardEventSource {
  readonly readyState: number
  addEventListener(type: string, listener: (event: { data: string }) => void): void
  close(): void
}

const closed = 2

/** What a client received until it gave up by itself. */
function readToTheEnd(source: StandardEventSource): Promise<string[]> {
  const received: string[] = []
  return new Promise((resolve) => {
    source.addEventListener('item', ({ data }) => received.push(data))
    source.addEventListener('error', () => {
      if (source.readyState === closed) resolve(received)
    })
  })
}

/**
 * Checks the requests of a client that was interrupted once, was told the end, came back once more and then stopped. It had
 * the time of a whole other client to come back again.
 */
async function stopped(feed: Feed): Promise<void> {
  expect(await readToTheEnd(new EventSource4(`${feed.origin}/events`))).toEqual(wholeFeed)
  const requests = [
    { lastEventId: null, status: 200, httpVersion: '1.1' },
    { lastEventId: String(droppedAfter), status: 200, httpVersion: '1.1' },
    { lastEventId: '.end', status: 204, httpVersion: '1.1' },
  ]
  expect(feed.requests).toEqual([...requests, ...requests])
}

describe('a standard EventSource receives the feed whole and in order, over an interruption, and stops by itself', () => {
  test('eventsource 4', async () => {
    const feed = await startFeed()
    const source = new EventSource4(`${feed.origin}/events`)
    expect(await readToTheEnd(source)).toEqual(wholeFeed)
    await stopped(feed)
  })

  test("undici's", async () => {
    const feed = await startFeed()
    const source = new UndiciEventSource(`${feed.origin}/events`)
    expect(await readToTheEnd(source as unknown as StandardEventSource)).toEqual(wholeFeed)
    await stopped(feed)
  })

  const chromium = needs('chromium')
  chromium.test("Chromium's", async () => {
    const feed = await startFeed()
    const browser = await launchChromium(chromium.path)
    try {
      const { page } = await openPage(browser, feed.origin)
      const received = await page.evaluate(`new Promise((resolve) => {
        const received = []
        const source = new EventSource('/events')
        source.addEventListener('item', ({ data }) => received.push(data))
        source.onerror = () => { if (source.readyState === ${closed}) resolve(received) }
      })`)
      expect(received).toEqual(wholeFeed)
      await stopped(feed)
    } finally {
      await browser.close()
    }
  })
})

test('eventsource-client receives the feed whole and in order, over an interruption', async () => {
  const feed = await startFeed()
  const client = createEventSource({ url: `${feed.origin}/events` })
  const received: string[] = []
  for await (const { event, data } of client) {
    if (event === '$end') break
    received.push(data)
  }
  client.close()
  expect(received).toEqual(wholeFeed)
  expect(feed.requests.slice(0, 2).map(({ lastEventId }) => lastEventId)).toEqual([
    null,
    String(droppedAfter),
  ])
})
