import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium, openPage, type WatchedPage } from '../../support/chromium.ts'
import { needs } from '../../support/needs.ts'
import { readManifest } from '../../support/packed-packages.ts'
import { InstalledTemplate } from './installed-template.ts'
import {
  accessibilityFaults,
  keyboardFaults,
  pageBrightness,
  runningAnimations,
  sidewaysOverflow,
} from './page-checks.ts'
import type { RunningServer } from './running-server.ts'

const chromium = needs('chromium')

// Installing, and a browser beside the other tests' processes, are slow on a small machine.
jest.setTimeout(120_000)

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 860 } }
export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
}
/** The width at which WCAG wants a page to do without scrolling sideways. */
const narrow: BrowserContextOptions = { ...phone, viewport: { width: 320, height: 640 } }

export interface TemplateOptions {
  /** Environment of `npm test` and `npm start`, beside `PORT`; a function is asked for each of them. */
  readonly env?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
  /** Called on each page after it was opened: resolves when it shows what it is for. Log in here where one has to. */
  readonly ready: (page: Page) => Promise<void>
  /**
   * Brings a page that is ready into another state worth looking at (a dialog open, the connection lost), by name.
   * Looks and keys are checked there, too.
   */
  readonly states?: Readonly<Record<string, (page: Page) => Promise<void>>>
  /** Paths of further pages to check: `/docs`. They are opened without `ready`. */
  readonly furtherPages?: readonly string[]
  /** What the page may complain of, as its console and answers have it: `/^401: /`. Nothing unless given. */
  readonly mayComplain?: RegExp
}

/** A template that is installed and runs, for the tests of what it does. */
export interface Template {
  /** The server that `npm start` started. */
  readonly server: RunningServer
  readonly installed: InstalledTemplate
  /** Opens the page in a browser context of its own, ready; closed after the test, which fails if it complained. */
  open(options?: BrowserContextOptions & { readonly url?: string }): Promise<Page>
  /** A second tab beside a page: the same cookies, cache and storage. */
  openBeside(page: Page): Promise<Page>
}

/**
 * The tests of one template: its folder is copied elsewhere, installed with npm from the packed packages, tested,
 * started, and opened in Chromium. What every template owes its new owner is tested here; `body` adds what this one does.
 *
 * @param name Of the folder in `examples/`.
 */
export function describeTemplate(
  name: string,
  options: TemplateOptions,
  body: (template: Template) => void,
): void {
  const { env = {}, ready, furtherPages = [], mayComplain } = options
  const nextEnv = () => (typeof env === 'function' ? env() : env)
  const states: NonNullable<TemplateOptions['states']> = { 'at first': async () => {}, ...options.states }

  chromium.describe(`examples/${name}, copied and installed`, () => {
    let installed: InstalledTemplate
    let server: RunningServer
    let browser: Browser
    let opened: WatchedPage[] = []

    beforeAll(async () => {
      installed = await InstalledTemplate.install(name)
      ;[server, browser] = await Promise.all([installed.start(nextEnv()), launchChromium(chromium.path)])
    }, 600_000)

    afterAll(async () => {
      await browser?.close()
      await installed?.remove()
    })

    afterEach(async () => {
      const complaints = opened.flatMap((page) => page.complaints)
      await Promise.all(opened.map((page) => page.close()))
      opened = []
      expect(complaints.filter((complaint) => !mayComplain?.test(complaint))).toEqual([])
    })

    async function openUnready(url: string, context: BrowserContextOptions): Promise<Page> {
      const watched = await openPage(browser, url, context)
      opened.push(watched)
      return watched.page
    }

    const template: Template = {
      get server() {
        return server
      },
      get installed() {
        return installed
      },
      async open({ url = server.url, ...context } = desktop) {
        const page = await openUnready(url, context)
        await ready(page)
        return page
      },
      async openBeside(page) {
        const beside = await page.context().newPage()
        await beside.goto(page.url())
        return beside
      },
    }

    test('has a README, a licence to copy, and needs nothing outside of its folder', () => {
      expect(existsSync(join(installed.folder, 'README.md'))).toBe(true)
      const manifest = JSON.parse(readManifest(join(__dirname, '../../../examples', name)))
      expect(manifest).toMatchObject({ license: 'MIT', private: true, type: 'module' })
      // npm knows neither `workspace:` nor `catalog:`.
      const ranges = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
      expect(ranges.filter((range) => !/^[\^~]?\d/.test(String(range)))).toEqual([])
    })

    test('its own tests pass', async () => {
      await installed.npm(['test'], nextEnv())
    })

    test('its types are right', async () => {
      await installed.npm(['run', 'typecheck'])
    })

    describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
      test.each(Object.keys(states))('meets WCAG AA on desktop and phone: %s', async (state) => {
        for (const device of [desktop, phone]) {
          const page = await template.open({ ...device, colorScheme, reducedMotion: 'reduce' })
          await states[state]?.(page)
          expect(await accessibilityFaults(page)).toEqual([])
        }
      })

      test('has a background that fits', async () => {
        const brightness = await pageBrightness(await template.open({ ...desktop, colorScheme }))
        if (colorScheme === 'dark') expect(brightness).toBeLessThan(0.25)
        else expect(brightness).toBeGreaterThan(0.75)
      })
    })

    test.each(Object.keys(states))('every control is reached by Tab and shows it: %s', async (state) => {
      const page = await template.open(desktop)
      await states[state]?.(page)
      expect(await keyboardFaults(page)).toEqual([])
    })

    test.each(Object.keys(states))('fits narrow screens: %s', async (state) => {
      for (const device of [phone, narrow]) {
        const page = await template.open(device)
        await states[state]?.(page)
        expect(await sidewaysOverflow(page)).toEqual([])
      }
    })

    test.each(Object.keys(states))('stands still for those who ask for less motion: %s', async (state) => {
      const page = await template.open({ ...desktop, reducedMotion: 'reduce' })
      await states[state]?.(page)
      expect(await runningAnimations(page)).toEqual([])
    })

    if (furtherPages.length > 0) {
      test.each(furtherPages)('%s can be read and used with the keyboard', async (path) => {
        const page = await openUnready(server.url + path, phone)
        expect(await accessibilityFaults(page)).toEqual([])
        expect(await sidewaysOverflow(page)).toEqual([])
        expect(await keyboardFaults(page)).toEqual([])
      })
    }

    test('stops at Ctrl-C though a page is open, without a complaint', async () => {
      const own = await installed.start(nextEnv())
      // The page loses its server and may say so.
      const watched = await openPage(browser, own.url, desktop)
      await ready(watched.page)
      await own.stop()
      expect(own.stderr).toBe('')
      await watched.close()
    })

    body(template)
  })
}
