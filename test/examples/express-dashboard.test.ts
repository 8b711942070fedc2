import type { Page } from 'playwright-core'
import { openPage } from '../support/chromium.ts'
import { describeTemplate, desktop, phone } from './harness/describe-template.ts'

const charts = ['CPU load', 'Memory in use', 'Event-loop delay', 'Open streams']

async function ready(page: Page): Promise<void> {
  await hasState(page, 'Live')
  await hasSamples(page, 1)
}

const drop = (page: Page) => page.getByRole('button', { name: 'Drop the connection' })

const states = {
  async away(page: Page) {
    await drop(page).click()
    await hasState(page, 'Reconnecting')
  },
  async 'with a note'(page: Page) {
    await leaveNote(page, 'Something long enough that it needs more than one line')
    await page.getByRole('log').getByText('Something long').first().waitFor()
  },
}

describeTemplate('express-dashboard', { ready, states }, (template) => {
  test('draws figures that change, and moves the last event id on', async () => {
    const page = await template.open()
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
      // The oldest may lie left of the chart.
      expect(after.lines[index]).toMatch(/^M-?[\d.]+ [\d.]+L/)
      expect(after.lines[index]).not.toBe(before.lines[index])
    }
  })

  test('gets what it missed after the server dropped its connection, and says so', async () => {
    const page = await template.open()
    const bystander = await template.open()
    const before = await stateOf(page)

    await drop(page).click()
    await hasState(page, 'Reconnecting')
    expect(await drop(page).getAttribute('aria-disabled')).toBe('true')

    await hasState(page, 'Live')
    const latest = page.getByRole('log').getByRole('listitem').first()
    await latest.getByText(/^\d+ caught up, none missed$/).waitFor()
    expect(await latest.textContent()).toMatch(/Back after \d+\.\d s/)
    const after = await stateOf(page)
    expect(after.lastId).not.toBe(before.lastId)
    expect(after).toMatchObject({ missed: 0, doubled: 0 })
    // One unbroken line, also across the time away.
    expect(after.lines[0]?.match(/M/g)).toHaveLength(1)

    expect(await bystander.getByText(/^Back after/).count()).toBe(0)
  })

  test('has the history drawn when it is opened', async () => {
    const first = await template.open()
    await hasSamples(first, 3)
    const second = await template.open()
    await second
      .getByRole('log')
      .getByText(/^\d+ events of history$/)
      .waitFor()
    expect((await stateOf(second)).received).toBeGreaterThanOrEqual(3)
  })

  test('shows a note in every page, in one that was away after it came back, and in one that is opened later', async () => {
    const page = await template.open()
    const other = await template.open()
    await drop(page).click()
    await hasState(page, 'Reconnecting')
    await leaveNote(other, 'Written meanwhile')
    await other.getByRole('log').getByText('Written meanwhile').waitFor()
    expect(await page.getByRole('log').getByText('Written meanwhile').count()).toBe(0)

    await hasState(page, 'Live')
    const later = await template.open()
    for (const reader of [page, later]) {
      await reader.getByRole('log').getByText('Written meanwhile').waitFor()
      expect(await reader.locator('.mark-head').first().getAttribute('d')).toMatch(/^M[\d.]+ 0l5/)
      expect(await reader.getByRole('log').getByText('Written meanwhile').count()).toBe(1)
    }
    expect(await stateOf(page)).toMatchObject({ missed: 0, doubled: 0 })
  })

  test('moves, unless asked not to', async () => {
    const page = await template.open()
    expect(await page.evaluate<number>('document.getAnimations().length')).toBeGreaterThan(0)
  })

  test('has its button on the first screen of a phone, and charts to be seen there', async () => {
    const page = await template.open(phone)
    const button = await drop(page).boundingBox()
    expect(button?.height).toBeGreaterThanOrEqual(44)
    expect((button?.y ?? Infinity) + (button?.height ?? 0)).toBeLessThanOrEqual(844)
    for (const name of charts) {
      const box = await page.getByRole('img', { name }).boundingBox()
      expect(box?.width).toBeGreaterThan(250)
      expect(box?.height).toBeGreaterThan(100)
    }
  })

  test('tells its pages when its history is a new one', async () => {
    const browser = (await template.open()).context().browser()
    if (browser === null) throw new Error('A page has a browser.')
    const first = await template.installed.start()
    // This page loses its server, and its console says so.
    const { page, close } = await openPage(browser, first.url, desktop)
    await ready(page)
    await first.stop()
    await hasState(page, 'Reconnecting')

    const second = await template.installed.start({ PORT: first.port })
    await page
      .getByRole('log')
      .getByText(/^The server began anew/)
      .waitFor()
    expect(await stateOf(page)).toMatchObject({ missed: 0, doubled: 0 })
    await close()
    await second.stop()
  })
})

async function leaveNote(page: Page, text: string): Promise<void> {
  await page.getByLabel('Leave a note on every open page').fill(text)
  await page.getByRole('button', { name: 'Mark' }).click()
}

async function hasState(page: Page, state: string): Promise<void> {
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
