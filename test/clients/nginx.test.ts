import type { EventStream } from '@rivulet/core'
import { EventSource } from 'eventsource'
import { needs } from '../support/needs.ts'
import { droppedAfter, startFeed, wholeFeed } from './harness/feed.ts'
import { startNginx } from './harness/nginx.ts'

const nginx = needs('nginx')

nginx.describe('through nginx, which buffers as it does by default', () => {
  const versions = [
    ['1.0', 'proxy_http_version 1.0;'],
    ['1.1', 'proxy_http_version 1.1; proxy_set_header Connection "";'],
  ] as const

  test.each(versions)(
    'HTTP/%s to the upstream: the feed is whole and in order, and ends',
    async (version, proxy) => {
      const feed = await startFeed()
      const { origin } = await startNginx(nginx.path, feed.port, proxy)
      const source = new EventSource(`${origin}/events`)
      const received: string[] = []
      await new Promise<void>((resolve) => {
        source.addEventListener('item', ({ data }) => received.push(data))
        source.addEventListener('error', () => {
          if (source.readyState === source.CLOSED) resolve()
        })
      })
      expect(received).toEqual(wholeFeed)
      expect(feed.requests).toEqual([
        { lastEventId: null, status: 200, httpVersion: version },
        { lastEventId: String(droppedAfter), status: 200, httpVersion: version },
        { lastEventId: '.end', status: 204, httpVersion: version },
      ])
    },
  )

  test.each(versions)('HTTP/%s to the upstream: nothing is held back', async (_version, proxy) => {
    let resolve: (stream: EventStream) => void
    const opened = new Promise<EventStream>((onOpened) => {
      resolve = onOpened
    })
    const feed = await startFeed((stream) => resolve(stream))
    const { origin } = await startNginx(nginx.path, feed.port, proxy)
    const source = new EventSource(`${origin}/whole`)
    const stream = await opened
    // Each event is sent only when the one before has arrived, so a buffer anywhere would be waited for until the test fails.
    for (let number = 1; number <= 20; number += 1) {
      const arrived = new Promise<string>((onArrived) => {
        source.addEventListener('message', ({ data }) => onArrived(data), { once: true })
      })
      stream.send({ data: `event ${number}` })
      expect(await arrived).toBe(`event ${number}`)
    }
    source.close()
    // And the other way round: a client that leaves is gone for the server behind it, too.
    await new Promise((onClosed) => stream.onClose(onClosed))
    expect(stream.closed).toBe('client')
  })
})
