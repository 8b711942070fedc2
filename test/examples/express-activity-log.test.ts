import type { Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { describeTemplate, desktop } from './harness/describe-template.ts'

async function ready(page: Page): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: /^Live$/ })
    .waitFor()
  await page.getByRole('option').first().waitFor()
}

const row = (page: Page, text: string) => page.getByRole('option').filter({ hasText: text })
const button = (page: Page, name: string) => page.getByRole('button', { name })

async function chooseFailure(page: Page): Promise<void> {
  await button(page, 'Failure').click()
  await row(page, 'GET /api/fail 500').last().click()
  await page.getByText('This route always fails').waitFor()
}

/** Every number of a text: `3 per second, 1,204 lines in 17 rows`. */
async function numbersOf(page: Page): Promise<[perSecond: number, lines: number, rows: number]> {
  const text = (await page.locator('#figures').textContent()) ?? ''
  const [perSecond = 0, lines = 0, rows = 0] = (text.match(/\d[\d,]*/g) ?? []).map((number) =>
    Number(number.replaceAll(',', '')),
  )
  return [perSecond, lines, rows]
}

const states = {
  'a line chosen': chooseFailure,
  async 'after a flood, scrolled up'(page: Page) {
    await page.getByLabel('Debug').check()
    await flood(page)
    await page.getByRole('listbox').focus()
    await page.getByRole('listbox').hover()
    await page.mouse.wheel(0, -300)
    await button(page, 'Newest').or(button(page, 'new')).waitFor()
  },
  async 'nothing found'(page: Page) {
    await page.getByLabel('Show only lines with this text').fill('nothing has this text')
    await page.getByText('No line has this text.').waitFor()
  },
}

// One route fails by intention, and a browser reports that on its console.
const mayComplain = /500.*(Internal Server Error|api\/fail)|status of 500|^500: /

describeTemplate('express-activity-log', { ready, states, mayComplain }, (template) => {
  test('shows what a request does, in every page and with all of its fields', async () => {
    const page = await template.open()
    const witness = await template.open()
    await button(page, 'Request').click()
    for (const reader of [page, witness]) await row(reader, 'GET /api/time 200').last().waitFor()

    await row(witness, 'GET /api/time 200').last().click()
    const fields = JSON.parse((await witness.locator('#details-fields').textContent()) ?? '')
    expect(fields).toMatchObject({ req: { method: 'GET', url: '/api/time' }, res: { statusCode: 200 } })
    expect(fields.responseTime).toBeGreaterThanOrEqual(0)
  })

  test('goes from line to line with the arrow keys', async () => {
    const page = await template.open()
    await chooseFailure(page)
    await page.getByRole('listbox').focus()
    await page.keyboard.press('Home')
    const first = page.getByRole('option').first()
    expect(await first.getAttribute('aria-selected')).toBe('true')
    expect(await page.getByRole('listbox').getAttribute('aria-activedescendant')).toBe(
      await first.getAttribute('id'),
    )
    await page.keyboard.press('ArrowDown')
    expect(await page.getByRole('option').nth(1).getAttribute('aria-selected')).toBe('true')
    expect(await page.locator('#details-message').textContent()).toBe(
      await page.getByRole('option').nth(1).locator('.message').textContent(),
    )
  })

  test('shows the levels that are asked for, and of those the lines with the text', async () => {
    const page = await template.open()
    await chooseFailure(page)
    await page.getByLabel('Error').check()
    await row(page, 'GET /api/fail 500').first().waitFor()
    expect(new Set(await page.locator('.row .level').allTextContents())).toEqual(new Set(['error']))

    await page.getByLabel('Info').check()
    const other = page.locator('.row:not([data-level="error"])')
    await other.first().waitFor()
    await page.getByLabel('Show only lines with this text').fill('ALWAYS FAILS')
    await other.first().waitFor({ state: 'detached' })
    expect(new Set(await page.locator('.row .message').allTextContents())).toEqual(
      new Set(['GET /api/fail 500']),
    )
  })

  test('counts a flood of 100,000 lines exactly, in few rows, and stays in hand meanwhile', async () => {
    const own = await template.installed.start()
    const page = await template.open({ ...desktop, url: own.url })
    await page.getByLabel('Debug').check()
    await row(page, 'server started').first().waitFor()
    await page.evaluate(`{
      globalThis.longest = 0
      let before = performance.now()
      requestAnimationFrame(function frame(now) {
        longest = Math.max(longest, now - before)
        before = now
        requestAnimationFrame(frame)
      })
    }`)
    await flood(page)
    // Whatever else was logged meanwhile: the flood's own lines are all there.
    const counted = await page.evaluate<number>(`[...document.querySelectorAll('.row')]
      .filter((row) => row.textContent.includes('hash '))
      .reduce((sum, row) => sum + Number(row.querySelector('.times')?.textContent.replace(/\\D/g, '') ?? 1), 0)`)
    expect(counted).toBe(100_000)
    const [, lines, rows] = await numbersOf(page)
    expect(lines).toBeGreaterThanOrEqual(100_003)
    expect(rows).toBeLessThan(500)
    expect(await page.getByRole('option').count()).toBe(rows)
    // A frozen page would have had one frame as long as the flood. Machines that test are slow; pages are fast.
    expect(await page.evaluate<number>('longest')).toBeLessThan(1_000)
    await own.stop()
  })

  test('stands still for those who read further up, and goes back to the newest', async () => {
    const page = await template.open()
    await page.getByLabel('Debug').check()
    await flood(page)
    const list = page.getByRole('listbox')
    const top = () => page.evaluate<number>('document.getElementById("rows").scrollTop')
    expect(await top()).toBeGreaterThan(0)
    await list.hover()
    await page.mouse.wheel(0, -200)
    await button(page, 'Newest').waitFor()
    const before = await top()
    await button(page, 'Request').click()
    await button(page, '1 new').waitFor()
    expect(await top()).toBe(before)

    await button(page, 'new').click()
    await row(page, 'GET /api/time 200').last().waitFor()
    expect(await top()).toBeGreaterThan(before)
    expect(await button(page, 'Newest').isVisible()).toBe(false)
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('rows')
  })

  test('says that the server began anew, and goes on', async () => {
    // A browser of its own, because it reports on its console that the server is away.
    const browser = await launchChromium(needs('chromium').path)
    const first = await template.installed.start()
    try {
      const page = await browser.newPage()
      await page.goto(first.url)
      await ready(page)
      await first.stop()
      await page.getByRole('status').filter({ hasText: 'Reconnecting' }).waitFor()
      const second = await template.installed.start({ PORT: first.port })
      await row(page, 'The server began anew').waitFor()
      await button(page, 'Request').click()
      await row(page, 'GET /api/time 200').waitFor()
      await second.stop()
    } finally {
      await browser.close()
    }
  })

  test('has the last minute drawn', async () => {
    const page = await template.open()
    await button(page, 'Request').click()
    await page.getByRole('img', { name: /most [1-9]/ }).waitFor()
    const tallest = await page.evaluate<number>(
      'Math.max(...[...document.querySelectorAll(".chart span")].map((bar) => bar.offsetHeight))',
    )
    expect(tallest).toBeGreaterThan(5)
  })
})

/** Presses the button, and waits until the last line of that flood is there. */
async function flood(page: Page): Promise<void> {
  const begun = new Date().toISOString()
  await button(page, 'Flood').click()
  await page.waitForFunction(
    `[...document.querySelectorAll('.row')].some((row) =>
      row.querySelector('.message').textContent === 'search done' && row.querySelector('time').dateTime >= '${begun}')`,
    undefined,
    { timeout: 60_000 },
  )
}
