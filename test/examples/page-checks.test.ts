import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import {
  accessibilityFaults,
  keyboardFaults,
  pageBrightness,
  runningAnimations,
  sidewaysOverflow,
} from './harness/page-checks.ts'

const chromium = needs('chromium')

jest.setTimeout(60_000)

/** The checks that every template's pages pass, against pages with one fault each. */
chromium.describe('the checks of pages', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium(chromium.path)
    page = await browser.newPage({ viewport: { width: 390, height: 844 } })
  })
  afterAll(() => browser?.close())

  async function show(main: string, style = ''): Promise<void> {
    await page.setContent(
      `<!doctype html><html lang="en"><title>A page</title><style>${style}</style><main><h1>A page</h1>${main}</main></html>`,
    )
  }

  test('have nothing to say of a page without faults', async () => {
    await show(
      '<button>One</button> <a href="#two">Two</a> <label>Three <input></label>' +
        '<fieldset><legend>Four</legend><label><input type="radio" name="four" checked>a</label><label><input type="radio" name="four">b</label></fieldset>' +
        '<button disabled>Five</button><details><summary>Six</summary><button>Seven</button></details>',
    )
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await keyboardFaults(page)).toEqual([])
    expect(await sidewaysOverflow(page)).toEqual([])
    expect(await runningAnimations(page)).toEqual([])
    expect(await pageBrightness(page)).toBeCloseTo(1)
  })

  test.each([
    ['a field without a label', '<input>', /^label:/],
    ['a button without a name', '<button></button>', /^button-name:/],
    ['faint text', '<p style="color: #999">Faint</p>', /^color-contrast:/],
    [
      'faint text on a gradient',
      '<div style="background-image: linear-gradient(white, white)"><p style="color: #999">Faint</p></div>',
      /^contrast: Faint: 2\.85$/,
    ],
  ])('see %s', async (_, main, fault) => {
    await show(main)
    expect(await accessibilityFaults(page)).toContainEqual(expect.stringMatching(fault))
  })

  test('see controls that Tab does not reach', async () => {
    await show(
      '<button id="one">One</button><button onfocus="document.querySelector(\'a\').focus()">Two</button><button>Three</button><a href="#">Four</a>',
    )
    expect(await keyboardFaults(page)).toEqual([
      'not reached by Tab: button "Two"',
      'not reached by Tab: button "Three"',
    ])
  })

  test('start at the top of the page, whatever was clicked', async () => {
    await show('<button>One</button> <button>Two</button>')
    await page.getByText('Two').click()
    expect(await keyboardFaults(page)).toEqual([])
  })

  test('see a focus that cannot be left', async () => {
    await show(
      '<button>One</button><textarea aria-label="Trap" onkeydown="event.preventDefault()"></textarea>',
    )
    expect(await keyboardFaults(page)).toEqual([
      expect.stringMatching(/^the focus never leaves the page, after \d+ times Tab$/),
    ])
  })

  test('see a focus that does not show', async () => {
    await show('<button>One</button> <button id="two">Two</button>', '#two { outline: none }')
    expect(await keyboardFaults(page)).toEqual(['no visible focus: button#two "Two"'])
  })

  test('see what is too wide', async () => {
    await show('<div class="wide" style="width: 500px">Wide</div>')
    expect(await sidewaysOverflow(page)).toEqual([
      expect.stringMatching(/^the page is 508 px wide, of 390$/),
      'DIV .wide',
    ])
  })

  test('see what moves, and what a page in the dark looks like', async () => {
    await show(
      '<p class="turns">Turns</p>',
      'body { background: #111; color: white } @keyframes turn { to { rotate: 1turn } } .turns { animation: turn 9s }',
    )
    expect(await runningAnimations(page)).toEqual(['turn of P turns'])
    expect(await pageBrightness(page)).toBeLessThan(0.1)
  })
})
