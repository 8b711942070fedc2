import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium, openPage, unreadableTexts, type WatchedPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'

const example = fileURLToPath(new URL('../../examples/express-dashboard', import.meta.url))
const chromium = needs('chromium')

// A browser beside the other tests' processes is slow to start on a small machine.
jest.setTimeout(60_000)

const desktop = { viewport: { width: 1280, height: 860 } }
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const charts = ['CPU load', 'Memory in use', 'Event-loop delay', 'Open streams']

chromium.describe('examples/express-dashboard in Chromium', () => {
  let browser: Browser
  let server: Server
  let opened: WatchedPage[] = []

  beforeAll(async () => {
    ;[browser, server] = await Promise.all([launchChromium(chromium.path), startExample()])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  afterEach(async () => {
    const complaints = opened.flatMap((page) => page.complaints)
    await Promise.all(opened.map((page) => page.close()))
    opened = []
    expect(complaints).toEqual([])
  })

  async function openDashboard(options: BrowserContextOptions = desktop): Promise<Page> {
    const watched = await openPage(browser, server.url, options)
    opened.push(watched)
    await waitForState(watched.page, 'Live')
    await hasSamples(watched.page, 1)
    return watched.page
  }

  test('draws figures that change, and moves the last event id on', async () => {
    const page = await openDashboard()
    const before = await stateOf(page)
    await hasSamples(page, before.received + 2)
    const after = await stateOf(page)

    expect(after.lastId).not.toBe(before.lastId)
    expect(after).toMatchObject({ missed: 0, doubled: 0 })
    for (const [index, name] of charts.entries()) {
      const chart = page.getByRole('img', { name })
      expect(await chart.getAttribute('aria-label')).toMatch(
        /: now [\d,.]+.*, lowest [\d,.]+.*, highest [\d,.]+/,
      )
      expect(after.lines[index]).toMatch(/^M[\d.]+ [\d.]+L/)
      expect(after.lines[index]).not.toBe(before.lines[index])
    }
  })

  test('gets what it missed after the server dropped its connection, and says so', async () => {
    const page = await openDashboard()
    const bystander = await openDashboard()
    const before = await stateOf(page)

    await page.getByRole('button', { name: 'Drop the connection' }).click()
    await waitForState(page, 'Reconnecting')
    expect(await page.getByRole('button').getAttribute('aria-disabled')).toBe('true')

    await waitForState(page, 'Live')
    const latest = page.getByRole('log').getByRole('listitem').first()
    await latest.getByText(/^\d+ caught up, none missed$/).waitFor()
    expect(await latest.textContent()).toMatch(/Back after \d+\.\d s/)
    const after = await stateOf(page)
    expect(after.lastId).not.toBe(before.lastId)
    expect(after).toMatchObject({ missed: 0, doubled: 0 })
    // One unbroken line, also across the time away.
    expect(after.lines[0]?.match(/M/g)).toHaveLength(1)

    expect(await bystander.getByRole('log').getByRole('listitem').count()).toBe(1)
  })

  test('has the history drawn when it is opened', async () => {
    const first = await openDashboard()
    await hasSamples(first, 3)
    const second = await openDashboard()
    await second
      .getByRole('log')
      .getByText(/^\d+ events of history$/)
      .waitFor()
    expect((await stateOf(second)).received).toBeGreaterThanOrEqual(3)
  })

  test('is used with the keyboard alone', async () => {
    const page = await openDashboard()
    await page.keyboard.press('Tab')
    const focused = page.locator(':focus')
    expect(await focused.textContent()).toBe('Drop the connection')
    expect(await styleOf(page, ':focus', 'outlineStyle')).toBe('solid')

    await page.keyboard.press('Enter')
    await waitForState(page, 'Reconnecting')
    expect(await focused.textContent()).toBe('Drop the connection')
    await waitForState(page, 'Live')
  })

  test('fits on a phone', async () => {
    const page = await openDashboard(phone)
    const [needed, available] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, innerWidth]',
    )
    expect(available).toBe(390)
    expect(needed).toBeLessThanOrEqual(available)

    const button = await page.getByRole('button').boundingBox()
    expect(button?.height).toBeGreaterThanOrEqual(44)
    expect((button?.y ?? Infinity) + (button?.height ?? 0)).toBeLessThanOrEqual(844)
    for (const name of charts) {
      const chart = page.getByRole('img', { name })
      await chart.scrollIntoViewIfNeeded()
      expect((await chart.boundingBox())?.width).toBeGreaterThan(250)
    }
  })

  test.each(['light', 'dark'] as const)('is readable in %s', async (colorScheme) => {
    const page = await openDashboard({ ...desktop, colorScheme })
    expect(await unreadableTexts(page)).toEqual([])
    const [red = 0] = (await styleOf(page, 'body', 'backgroundColor')).match(/\d+/g)?.map(Number) ?? []
    if (colorScheme === 'dark') expect(red).toBeLessThan(64)
    else expect(red).toBeGreaterThan(192)

    await page.getByRole('button').click()
    await waitForState(page, 'Reconnecting')
    expect(await unreadableTexts(page)).toEqual([])
  })

  test('stands still for those who ask for less motion', async () => {
    const animations = (page: Page) => page.evaluate<number>('document.getAnimations().length')
    expect(await animations(await openDashboard())).toBeGreaterThan(0)
    expect(await animations(await openDashboard({ ...desktop, reducedMotion: 'reduce' }))).toBe(0)
  })

  test('stops at SIGTERM though pages are open, and tells them when its history is a new one', async () => {
    const first = await startExample()
    const { page, close } = await openPage(browser, first.url, desktop)
    await waitForState(page, 'Live')
    await hasSamples(page, 1)
    expect(await first.stop()).toEqual({ code: 0, stderr: '' })
    await waitForState(page, 'Reconnecting')

    const second = await startExample(new URL(first.url).port)
    await page
      .getByRole('log')
      .getByText(/^The server began anew/)
      .waitFor()
    expect(await stateOf(page)).toMatchObject({ missed: 0, doubled: 0 })
    await close()
    await second.stop()
  })
})

interface Server {
  readonly url: string
  /** SIGTERM; resolves when the process is gone. */
  stop(): Promise<{ code: number | null; stderr: string }>
}

async function startExample(port = '0'): Promise<Server> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/server.ts'], {
    cwd: example,
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const url = await Promise.race([printedUrl(child), exited.then(() => undefined)])
  if (url === undefined) throw new Error(`The example did not start:\n${stderr}`)
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await exited
      return { code: child.exitCode, stderr }
    },
  }
}

async function printedUrl(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url !== undefined) return url
  }
  return undefined
}

async function waitForState(page: Page, state: string): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: new RegExp(`^${state}$`) })
    .waitFor()
}

async function hasSamples(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    `Number(document.querySelector('#received').textContent.replace(',', '')) >= ${count}`,
  )
}

interface DashboardState {
  lastId: string
  received: number
  missed: number
  doubled: number
  lines: string[]
}

async function stateOf(page: Page): Promise<DashboardState> {
  return page.evaluate<DashboardState>(`(() => {
    const text = (id) => document.getElementById(id).textContent
    const number = (id) => Number(text(id).replace(',', ''))
    const lines = [...document.querySelectorAll('.stroke.line-1')].map((line) => line.getAttribute('d'))
    return { lastId: text('last-id'), received: number('received'), missed: number('missed'), doubled: number('doubled'), lines }
  })()`)
}

async function styleOf(page: Page, selector: string, property: string): Promise<string> {
  return page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).${property}`)
}
