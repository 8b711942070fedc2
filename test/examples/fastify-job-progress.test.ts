import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { openPage, type WatchedPage } from '../support/chromium.ts'
import { describeTemplate, desktop, phone, type Template } from './harness/describe-template.ts'

/** Folders to pack: one that takes a moment, and one whose 60 files take Brotli about a second each. */
const root = mkdtempSync(join(tmpdir(), 'rivulet-jobs-'))
let count = 0

beforeAll(() => {
  for (const [folder, files, bytes] of [
    ['small', 3, 1_000],
    ['large', 60, 300_000],
  ] as const) {
    mkdirSync(join(root, folder))
    for (let file = 0; file < files; file += 1) {
      const name = `a-file-with-a-name-that-is-not-short-${file}.txt`
      writeFileSync(join(root, folder, name), randomBytes(bytes).toString('hex'))
    }
  }
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Each server has its own jobs. */
function env(): Record<string, string> {
  count += 1
  return { FOLDERS: `${join(root, 'small')}:${join(root, 'large')}`, DATA: join(root, `data-${count}`) }
}

async function ready(page: Page): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: /^Live$/ })
    .waitFor()
}

const states = {
  async 'with jobs'(page: Page) {
    await beginJob(page, 'small', 'gzip')
    await jobs(page, 'small', 'Done').first().waitFor()
    if ((await jobs(page, 'large', 'Running').count()) === 0) await beginJob(page, 'large', 'brotli')
    const running = jobs(page, 'large', 'Running').first()
    await running.getByText('left').waitFor()
    await running.getByRole('button', { name: 'Files of large' }).click()
    await running.getByRole('row').nth(1).waitFor()
  },
}

describeTemplate('fastify-job-progress', { env, ready, states }, (template) => {
  test('a reload in the middle, and a second tab, show the job as it is', async () => {
    const page = await template.open()
    await cancelAll(page)
    await beginJob(page, 'large', 'brotli')
    await jobs(page, 'large', 'Running').getByText('left').waitFor()
    const before = await percentOf(page)
    await page.reload()
    const other = await template.openBeside(page)
    for (const tab of [page, other]) {
      await jobs(tab, 'large', 'Running').waitFor()
      expect(await percentOf(tab)).toBeGreaterThanOrEqual(before)
    }
    await page.waitForFunction(`document.querySelector('progress').value > ${before}`)
    await cancelAll(other)
    await jobs(page, 'large', 'Running').waitFor({ state: 'detached' })
    await jobs(page, 'large', 'Cancelled').first().waitFor()
  })

  test('two run at once, the third waits for its turn', async () => {
    const page = await template.open()
    await cancelAll(page)
    for (let job = 0; job < 3; job += 1) await beginJob(page, 'large', 'brotli')
    await page.getByText('2 running, 1 waiting').waitFor()
    await page.getByRole('button', { name: 'Cancel large' }).last().click()
    await page.getByText('2 running', { exact: true }).waitFor()
    await cancelAll(page)
  })

  test('is cancelled and removed with the keyboard, and says what became of it', async () => {
    const page = await template.open(phone)
    await cancelAll(page)
    await beginJob(page, 'large', 'brotli')
    await page.getByRole('button', { name: 'Cancel large' }).press('Enter')
    await page.getByRole('status').filter({ hasText: 'large was cancelled.' }).waitFor({ state: 'attached' })
    const cards = page.locator('.job')
    const left = (await cards.count()) - 1
    await page.getByRole('button', { name: 'Remove large' }).first().press('Enter')
    await page.waitForFunction(`document.querySelectorAll('.job').length === ${left}`)
    expect(await page.evaluate('document.activeElement.id')).toBe('jobs-title')
  })

  test('what is finished can be checked by its sums', async () => {
    const page = await template.open()
    await beginJob(page, 'small', 'gzip')
    // Of one that is done: others of this folder may still be running.
    const link = jobs(page, 'small', 'Done').first().getByRole('link', { name: 'Checksums of small' })
    const sums = await page.evaluate<string>(
      `fetch(${JSON.stringify(await link.getAttribute('href'))}).then((answer) => answer.text())`,
    )
    expect(sums.match(/^[0-9a-f]{64} {2}a-file-with-a-name-that-is-not-short-\d\.txt$/gm)).toHaveLength(3)
  })

  test('a job whose server is killed goes on when it is started again, and the page says so', async () => {
    const own = env()
    const first = await template.installed.start(own)
    const { page, close } = await openOwn(template, first.url)
    await beginJob(page, 'large', 'brotli')
    await page.getByRole('button', { name: 'Files of large' }).click()
    await page.getByText('2 finished').waitFor({ timeout: 60_000 })
    await first.kill()
    await page.getByRole('status').filter({ hasText: 'Reconnecting' }).waitFor()
    const packed = packedFiles(own.DATA ?? '')
    expect(packed.size).toBeGreaterThanOrEqual(2)

    const second = await template.installed.start({ ...own, PORT: first.port })
    await ready(page)
    await page.getByText('The server was restarted meanwhile: it went on').waitFor()
    await page.getByText(`${packed.size + 2} finished`).waitFor({ timeout: 60_000 })
    // What was finished was not done again.
    const now = packedFiles(own.DATA ?? '')
    for (const [name, changedAt] of packed) expect([name, now.get(name)]).toEqual([name, changedAt])
    // And is in the page's list once, though that came back in its middle.
    const names = await page.locator('tbody th').allTextContents()
    expect(new Set(names).size).toBe(names.length)

    await close()
    await second.stop()
    expect(second.stderr).toBe('')
  })

  test('a second server refuses the data of one that runs', async () => {
    const own = env()
    const server = await template.installed.start(own)
    await expect(template.installed.start(own)).rejects.toThrow(/Another server uses .*DATA=/)
    await server.stop()
  })
})

/** A page that may lose its server, of which its console tells. */
async function openOwn(template: Template, url: string): Promise<WatchedPage> {
  const browser = (await template.open()).context().browser()
  if (browser === null) throw new Error('A page has a browser.')
  const watched = await openPage(browser, url, desktop)
  await ready(watched.page)
  return watched
}

function jobs(page: Page, folder: string, state: string): Locator {
  return page.locator(`.job[data-state="${state.toLowerCase()}"]`).filter({ hasText: folder })
}

async function beginJob(page: Page, folder: string, method: string): Promise<void> {
  const before = await page.locator('.job').count()
  await page.getByLabel('Folder', { exact: true }).selectOption(folder)
  await page.getByLabel('Method').selectOption(method)
  await page.getByRole('button', { name: 'Begin' }).click()
  await page.waitForFunction(`document.querySelectorAll('.job').length > ${before}`)
}

/** Clears what other tests left, so that jobs run at once. */
async function cancelAll(page: Page): Promise<void> {
  const cancel = page.getByRole('button', { name: /^Cancel/ })
  while ((await cancel.count()) > 0) {
    const left = (await cancel.count()) - 1
    await cancel.first().click()
    await page.waitForFunction(
      `[...document.querySelectorAll('.end')].filter((end) => end.textContent === 'Cancel').length <= ${left}`,
    )
  }
}

async function percentOf(page: Page): Promise<number> {
  return page.evaluate<number>("document.querySelector('progress').value")
}

/** Each packed file, with the time of its last change. */
function packedFiles(data: string): Map<string, number> {
  const folder = join(data, 'packed')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.br'))
  return new Map(files.map((name) => [name, statSync(join(folder, name)).mtimeMs]))
}
