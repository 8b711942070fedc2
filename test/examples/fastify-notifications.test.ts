import type { Page } from 'playwright-core'
import { OwnServer } from '../../packages/log-redis/test/own-server.ts'
import { openPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { describeTemplate, desktop, phone } from './harness/describe-template.ts'

const redis = needs('redis-server')
let count = 0

async function ready(page: Page): Promise<void> {
  await logInAs(page, 'Ada Okafor')
}

async function logInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).click()
  await isLive(page)
}

const states = {
  async 'logged out'(page: Page) {
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  },
  async 'with notifications'(page: Page) {
    const text = await send(
      page,
      'team Design',
      'Something long enough that it needs more than one line on a phone',
    )
    await send(page, 'team Platform', 'x'.repeat(150))
    await row(page, text).getByRole('button').click()
    await unreadRow(page, text).waitFor({ state: 'detached' })
  },
}

// A browser says so when a tab that was logged out elsewhere is refused.
const mayComplain = /\b401\b/

describeTemplate('fastify-notifications', { ready, states, mayComplain }, (template) => {
  test('a team gets what is sent to it, a person what is sent to them, and nobody else', async () => {
    const ada = await template.open()
    const [ben, chi] = await Promise.all([openAs('Ben Larsen'), openAs('Chi Nguyen')])
    const forDesign = await send(ben, 'team Design')
    const forAda = await send(chi, 'Ada Okafor')
    const [forBen, forChi] = [await send(ada, 'Ben Larsen'), await send(ada, 'Chi Nguyen')]
    await row(ada, forDesign).waitFor()
    await row(ada, forAda).waitFor()
    await row(chi, forDesign).waitFor()
    // What was sent last has arrived, so what was sent before would have, too.
    await row(ben, forBen).waitFor()
    await row(chi, forChi).waitFor()
    expect(await row(ben, forDesign).count()).toBe(0)
    expect(await row(chi, forAda).count()).toBe(0)
  })

  test('what is read in one tab is read in the others, in their titles too, and after a reload', async () => {
    const page = await template.open()
    const other = await template.openBeside(page)
    await isLive(other)
    const text = await send(page, 'you')
    for (const tab of [page, other]) await unreadRow(tab, text).waitFor()
    expect(await other.title()).toMatch(/^\(\d+\) Notifications$/)

    await page.getByRole('button', { name: 'Mark all as read' }).click()
    for (const tab of [page, other]) {
      await tab.getByText('0 unread').waitFor()
      expect(await tab.title()).toBe('Notifications')
    }
    await other.reload()
    await row(other, text).waitFor()
    expect(await unreadRow(other, text).count()).toBe(0)
  })

  test('goes on with the keyboard where a button went away', async () => {
    const page = await template.open()
    await send(page, 'you')
    const text = await send(page, 'you')
    await row(page, text).getByRole('button').press('Enter')
    await unreadRow(page, text).waitFor({ state: 'detached' })
    expect(await page.evaluate<string>('document.activeElement.textContent')).toMatch(/^Mark as read/)
  })

  test('logging out in one tab logs out the other', async () => {
    const page = await template.open()
    const other = await template.openBeside(page)
    await isLive(other)
    await page.getByRole('button', { name: 'Log out' }).click()
    await other.getByRole('heading', { name: 'Who are you?' }).waitFor({ timeout: 15_000 })
  })

  test('the documentation shows each event with its payload', async () => {
    const page = await template.open({ ...desktop, url: `${template.server.url}/` })
    await page.goto(`${template.server.url}/docs`)
    await page.getByText('What happens in the inbox').click()
    const response = page.locator('.response').first()
    const folded = response.getByRole('button', { name: 'Expand all' })
    await folded.first().waitFor()
    while ((await folded.count()) > 0) {
      // It may have unfolded in between.
      await folded
        .first()
        .click({ timeout: 2_000 })
        .catch(() => {})
    }
    const texts = [
      '"inbox"',
      '"notification.created"',
      '"notification.read"',
      '"$gap"',
      'isRead',
      'ids',
      'missed',
    ]
    for (const text of texts) {
      expect([text, await response.getByText(text).first().isVisible()]).toEqual([text, true])
    }
  })

  test('has its inbox on the first screen of a phone', async () => {
    const page = await template.open(phone)
    const text = await send(page, 'you')
    const box = await row(page, text).boundingBox()
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(844)
  })

  test('comes back after a restart, with a new history and the same login', async () => {
    const env = { COOKIE_SECRET: 'a secret that outlives the restart' }
    const browser = (await template.open()).context().browser()
    if (browser === null) throw new Error('A page has a browser.')
    const first = await template.installed.start(env)
    // This page loses its server, and its console says so.
    const { page, close } = await openPage(browser, first.url, desktop)
    await ready(page)
    const text = await send(page, 'you')
    await first.stop()
    await page.getByRole('status').filter({ hasText: 'Reconnecting' }).waitFor()

    const second = await template.installed.start({ ...env, PORT: first.port })
    await isLive(page)
    await row(page, text).waitFor({ state: 'detached' })
    await close()
    await second.stop()
  })

  redis.test(
    'with Redis, two servers are one, and a page that lost its server has what it missed',
    async () => {
      const engine = await OwnServer.start(redis.path)
      try {
        const env = {
          REDIS_URL: `redis://127.0.0.1:${engine.port}`,
          COOKIE_SECRET: 'the same on both servers',
        }
        await template.installed.npm(['test'], env)
        const [first, second] = [await template.installed.start(env), await template.installed.start(env)]
        const browser = (await template.open()).context().browser()
        if (browser === null) throw new Error('A page has a browser.')
        const [ada, chi] = [
          await openPage(browser, first.url, desktop),
          await openPage(browser, second.url, desktop),
        ]
        await logInAs(ada.page, 'Ada Okafor')
        await logInAs(chi.page, 'Chi Nguyen')
        await row(ada.page, await send(chi.page, 'team Design')).waitFor()

        await first.kill()
        await ada.page.getByRole('status').filter({ hasText: 'Reconnecting' }).waitFor()
        const missed = await send(chi.page, 'Ada Okafor')
        const again = await template.installed.start({ ...env, PORT: first.port })
        await unreadRow(ada.page, missed).waitFor()
        expect(await row(ada.page, missed).count()).toBe(1)

        await Promise.all([ada.close(), chi.close()])
        await Promise.all([again.stop(), second.stop()])
        expect([again.stderr, second.stderr]).toEqual(['', ''])
      } finally {
        await engine.dispose()
      }
    },
  )

  async function openAs(name: string): Promise<Page> {
    const page = await template.open()
    await page.getByRole('button', { name: 'Log out' }).click()
    await logInAs(page, name)
    return page
  }
})

/** Sends something of its own, and waits until the server has it. */
async function send(page: Page, to: string, words = 'Look at this'): Promise<string> {
  count += 1
  const text = `${words} ${count}.`
  await page.getByLabel('To').selectOption({ label: to })
  await page.getByLabel('Message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.waitForFunction("document.querySelector('#text').value === ''")
  return text
}

function row(page: Page, text: string) {
  return page.getByRole('listitem').filter({ hasText: text })
}

function unreadRow(page: Page, text: string) {
  return page.locator('li.unread').filter({ hasText: text })
}

async function isLive(page: Page): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: /^Live$/ })
    .waitFor()
}
