import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Channel, createChannel, createSse, type Sse, type SubscribeOptions } from '@rivulet/core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { bundle } from '../../packages/client/test/environments/bundle.ts'
import { launchChromium } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'

const chromium = needs('chromium')
const allBytes = Buffer.from(Array.from({ length: 256 }, (_each, byte) => byte))

// A browser beside the other tests' processes is slow to start on a small machine.
jest.setTimeout(60_000)

/** Streams a channel of its own below every path that ends in `events`; everything else is a page. */
class Site {
  readonly url: string
  readonly channel: Channel
  readonly paths: (string | undefined)[] = []
  readonly #server: Server
  readonly #events: Sse
  #timer: NodeJS.Timeout | undefined
  #published = 0

  private constructor(server: Server, channel: Channel, events: Sse) {
    this.#server = server
    this.channel = channel
    this.#events = events
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/` // it listens on TCP
  }

  static async start(
    script: string,
    options: SubscribeOptions & { maxEvents?: number; retryMs?: number } = {},
  ): Promise<Site> {
    const { maxEvents = 10_000, retryMs = 100, ...subscribeOptions } = options
    const events = createSse({ retryMs, heartbeatMs: 1_000 })
    const channel = createChannel(`site ${Math.random()}`, { retention: { maxEvents } })
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://site')
      if (pathname.endsWith('events')) {
        site.paths.push(pathname)
        events.open(request, response).subscribe(channel, subscribeOptions)
      } else if (pathname === '/bytes') {
        events.open(request, response).send({ event: 'image', data: allBytes.toString('base64') })
      } else if (pathname === '/program.js') {
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script)
      } else {
        const base = pathname === '/with-base' ? '<base href="/deep/er/">' : ''
        response.writeHead(200, { 'Content-Type': 'text/html' })
        response.end(
          `<!doctype html><title>A site</title><link rel="icon" href="data:,">${base}<script src="/program.js"></script>`,
        )
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const site = new Site(server, channel, events)
    return site
  }

  async publish(count = 1): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      this.#published += 1
      await this.channel.publish({ event: 'n', data: this.#published })
    }
  }

  /** Publishes all the time. */
  run(everyMs: number): void {
    this.#timer = setInterval(() => void this.publish(), everyMs)
  }

  /** @returns how many were published */
  async stop(): Promise<number> {
    clearInterval(this.#timer)
    await this.publish()
    return this.#published
  }

  /** Hangs up on everybody. */
  drop(): void {
    this.#events.closeWhere(() => true)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#events.close({ graceMs: 0 })
    this.channel.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

chromium.describe('the client in a page of Chromium', () => {
  let browser: Browser
  let script: string
  let context: BrowserContext
  let page: Page
  let site: Site | undefined

  beforeAll(async () => {
    script = await bundle(new URL('harness/page-program.ts', import.meta.url), 'program')
    browser = await launchChromium(chromium.path)
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })
  afterEach(async () => {
    await context.close()
    await site?.close()
    site = undefined
  })

  const seen = () => page.evaluate<string[]>('program.seen()')
  const sees = (text: string) =>
    page.waitForFunction(`program.seen().some((line) => line.startsWith('${text}'))`)

  test.each(['listeners', 'loop'] as const)(
    'keeps its cursor over reloads: by %s nothing is missed and nothing comes twice',
    async (taking) => {
      site = await Site.start(script)
      site.run(5)
      await page.goto(site.url)
      for (let reloads = 0; reloads < 8; reloads += 1) {
        const before = (await seen()).length
        await page.evaluate(`program.follow('/events', '${taking}')`)
        await page.waitForFunction(`program.seen().length > ${before + 5}`)
        await page.reload()
      }
      await page.evaluate(`program.follow('/events', '${taking}')`)
      const last = await site.stop()
      await sees(`n:${last}`)

      const lines = await seen()
      const numbers = lines.filter((line) => line.startsWith('n:')).map((line) => Number(line.slice(2)))
      const [first = 0] = numbers
      expect(numbers).toEqual(Array.from({ length: last - first + 1 }, (_each, index) => first + index))
      const readies = lines
        .filter((line) => line.startsWith('$ready'))
        .map((line) => /"resumed":(\w+)/.exec(line)?.[1])
      expect(readies).toEqual(['false', ...Array.from({ length: 8 }, () => 'true')])
      expect(lines.filter((line) => line.startsWith('$gap'))).toEqual([])
    },
  )

  test('is told of what was trimmed while it was away, gets the snapshot, and goes on', async () => {
    site = await Site.start(script, {
      maxEvents: 5,
      snapshot: ({ reason }) => Promise.resolve([{ event: 'state', data: { reason } }]),
    })
    await site.publish()
    await page.goto(site.url)
    await page.evaluate(`program.follow('/events', 'loop')`)
    await sees('$ready')
    await page.goto('about:blank')
    await site.publish(20)
    await page.goto(site.url)
    const before = (await seen()).length
    await page.evaluate(`program.follow('/events', 'loop')`)
    await page.waitForFunction(`program.seen().slice(${before}).some((line) => line.startsWith('$ready'))`)
    await site.publish()
    await sees('n:22')
    const lines = await seen()
    expect(lines.slice(0, before).map((line) => line.split(':')[0])).toEqual(['state', '$ready'])
    expect(lines[0]).toBe('state:{"reason":"fresh"}')
    const [gap, state, ready, ...rest] = lines.slice(before)
    expect(gap).toMatch(/^\$gap:\{"channel":"site .*","reason":"expired","missed":15\}$/)
    expect(state).toBe('state:{"reason":"gap"}')
    expect(ready).toMatch(/^\$ready:.*"resumed":false/)
    expect(rest).toEqual(['n:22'])
  })

  test('connects at once when the browser is online again, whatever the time until the next try', async () => {
    site = await Site.start(script, { retryMs: 3_600_000 })
    await page.goto(site.url)
    await page.evaluate(`program.follow('/events', 'listeners')`)
    await sees('$ready')
    await site.publish()
    await sees('n:1')
    await context.setOffline(true)
    site.drop()
    await page.waitForFunction(`program.notes.includes('connecting')`)
    await site.publish()
    await context.setOffline(false)
    const onlineAt = performance.now()
    await sees('n:2')
    expect(performance.now() - onlineAt).toBeLessThan(5_000)
    expect(await page.evaluate('program.notes')).toEqual(['open', 'connecting', 'open'])
    expect((await seen()).filter((line) => line.startsWith('n:'))).toEqual(['n:1', 'n:2'])
  })

  test('resolves a URL against the base of its page', async () => {
    site = await Site.start(script)
    await page.goto(`${site.url}with-base`)
    await page.evaluate(`program.follow('events', 'listeners')`)
    await sees('$ready')
    expect(site.paths).toEqual(['/deep/er/events'])
  })

  test('reads bytes that were sent as base64', async () => {
    site = await Site.start(script)
    await page.goto(site.url)
    expect(await page.evaluate(`program.firstBytes('/bytes')`)).toEqual([...allBytes])
  })
})
