import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../../test/support/chromium.ts'
import { needs } from '../../../../test/support/needs.ts'
import { bundle } from './bundle.ts'
import type { Environment } from './environment.ts'

const tool = needs('chromium')
let browser: Browser | undefined
/** One for all, since making one takes longer than most cases. Leaving a page ends what it had open. */
let page: Page | undefined
let script = ''

export const chromium: Environment = {
  name: 'Chromium',
  describe: tool.describe,
  async start() {
    script = await bundle(new URL('../cases/program.ts', import.meta.url), 'program')
    browser = await launchChromium(tool.path)
    page = await browser.newPage()
  },
  async stop() {
    await browser?.close()
  },
  async open(url) {
    const stage = page
    if (stage === undefined) throw new Error('There is no browser.')
    await stage.context().clearCookies()
    await stage.goto(`${url}page`)
    await stage.addScriptTag({ content: script })
    return {
      run: (name, ...given) =>
        stage.evaluate<never>(`program.functions.${name}(...${JSON.stringify(given)})`),
      close: async () => {
        await stage.goto('about:blank')
      },
    }
  },
}
