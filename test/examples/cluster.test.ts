import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchChromium, openPage } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { describeTemplate, desktop } from './harness/describe-template.ts'

const [haproxy, redis, postgres, chromium] = [
  needs('haproxy'),
  needs('redis-server'),
  needs('postgres'),
  needs('chromium'),
]
/** Where the template's own engines keep their data: some clusters of these tests are killed, and leave theirs. */
const folder = mkdtempSync(join(tmpdir(), 'rivulet-cluster-'))
// PostgreSQL runs as another user where root runs the tests.
chmodSync(folder, 0o711)
const env = { TMPDIR: folder }

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

async function ready(page: Page): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: /^Live at node (one|two)$/ })
    .waitFor()
  for (const node of ['one', 'two']) await page.getByRole('heading', { name: `Node ${node}` }).waitFor()
}

const states = {
  async 'with orders'(page: Page) {
    await order(page, 'Coffee', 3)
    await page.getByText(/^Order #\d+ was taken by node (one|two)\.$/).waitFor()
    await compare(page)
  },
  async 'with an order refused'(page: Page) {
    await order(page, 'Concert ticket', 6)
    await page.getByText('Not ordered, and nothing was published: Not enough left: Concert ticket.').waitFor()
  },
}

// A browser says so when an order is refused.
const mayComplain = /\b409\b/

haproxy.describe('behind HAProxy', () => {
  redis.describe('over Redis', () => {
    postgres.describe('and PostgreSQL', () => {
      describeTemplate('cluster', { env, ready, states, mayComplain }, (template) => {
        test('what is ordered on one page is on the others, and a refused order is on none', async () => {
          const page = await template.open()
          const other = await template.openBeside(page)
          await ready(other)
          await order(page, 'Tea', 7)
          await other.getByRole('listitem').filter({ hasText: '7 × Tea' }).waitFor()
          await states['with an order refused'](page)
          await order(page, 'Tea', 8)
          await other.getByRole('listitem').filter({ hasText: '8 × Tea' }).waitFor()
          expect(await other.getByRole('listitem').filter({ hasText: 'Concert ticket' }).count()).toBe(0)
        })

        test('nothing is missing and nothing comes twice while everything is killed', async () => {
          const browser = await launchChromium(chromium.path)
          try {
            // Its console tells of the connections that it loses.
            const { page } = await openPage(browser, template.server.url, desktop)
            await ready(page)
            await page.getByRole('button', { name: 'Keep ordering' }).click()
            await page.getByText(/^Order #\d+ was taken/).waitFor()
            const chaos = await template.installed.npm(['run', 'chaos', '--', 'all'], {
              ...env,
              PORT: template.server.port,
              TIMES: '5',
              EVERY_MS: '4000',
            })
            for (const name of ['redis', 'postgres', 'one', 'two', 'haproxy']) {
              expect(chaos).toMatch(new RegExp(`killed ${name} `))
            }
            await page.getByRole('button', { name: 'Keep ordering' }).click()
            await ready(page)
            await compare(page)
            expect(await figure(page, 'missing')).toBe(0)
            expect(await figure(page, 'twice')).toBe(0)
            expect(await figure(page, 'reconnected')).toBeGreaterThanOrEqual(2)
            expect(await figure(page, 'arrived')).toBeGreaterThan(50)
            expect(await page.getByText('Told of a gap').count()).toBe(0)
          } finally {
            await browser.close()
          }
        })

        test('says what is missing and how to get it', async () => {
          const start = template.installed.start({ ...env, HAPROXY: join(folder, 'haproxy') })
          await expect(start).rejects.toThrow('haproxy is missing: apt-get install haproxy')
        })

        test('leaves nothing behind', async () => {
          const before = readdirSync(folder)
          const own = await template.installed.start(env)
          expect(readdirSync(folder)).not.toEqual(before)
          await own.stop()
          expect(readdirSync(folder).sort()).toEqual(before.sort())
        })
      })
    })
  })
})

async function order(page: Page, product: string, quantity: number): Promise<void> {
  await page.getByLabel('Product').selectOption(product)
  await page.getByLabel('Quantity').fill(String(quantity))
  await page.getByRole('button', { name: 'Order', exact: true }).click()
}

/** The page has every order that the database has. */
async function compare(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Compare with the database' }).click()
  await page.getByText(/all \d+ orders of the database are here/).waitFor()
}

async function figure(page: Page, id: string): Promise<number> {
  return Number((await page.locator(`#${id}`).textContent())?.replace(/\D/g, ''))
}
