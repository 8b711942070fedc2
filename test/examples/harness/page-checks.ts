import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { unreadableTexts } from '../../support/chromium.ts'

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** What WCAG 2.2's levels A and AA ask of a page and a program can judge, and this page doesn't do, one line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const faults = await page.evaluate<string[]>(`(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, any }) => id + ': ' + help + ': ' + target.join(' ') + (any[0] ? ': ' + any[0].message : '')))
  })()`)
  // axe passes over texts on gradients, and asks less of large ones.
  return [...faults, ...(await unreadableTexts(page)).map((text) => `contrast: ${text}`)]
}

/** What reaches beyond the right edge of the page, so that it has to be scrolled sideways. */
export async function sidewaysOverflow(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return []
    const wide = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5)
    return ['the page is ' + scrollWidth + ' px wide, of ' + clientWidth,
      ...wide.map((element) => element.tagName + ' ' + element.id + '.' + element.getAttribute('class'))]
  })()`)
}

/** Animations that run, or have ended and still hold what they moved. */
export async function runningAnimations(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`document.getAnimations().map((animation) => {
    const { target } = animation.effect
    return (animation.animationName ?? animation.transitionProperty ?? 'animate()') + ' of ' + target.tagName + ' ' + target.className
  })`)
}

/** How bright the page is behind everything, 0 (black) to 1 (white). */
export async function pageBrightness(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')
    for (const element of [document.documentElement, document.body]) {
      for (const color of ['Canvas', getComputedStyle(element).backgroundColor].slice(element === document.body ? 1 : 0)) {
        context.fillStyle = color
        context.fillRect(0, 0, 1, 1)
      }
    }
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
  })()`)
}

/**
 * Goes through the page with Tab, from its top until the focus leaves it.
 *
 * @returns The controls that were not reached, and those that were without looking any different for it.
 */
export async function keyboardFaults(page: Page): Promise<string[]> {
  await page.evaluate(rememberControls)
  const count = await page.evaluate<number>('tabbing.controls.length')
  const faults: string[] = []
  // A control may be reached by more than one stop (a date's parts), and what scrolls is a stop, too.
  const maxStops = count * 4 + 20
  for (let stop = 0; ; stop += 1) {
    if (stop === maxStops) return [...faults, `the focus never leaves the page, after ${stop} times Tab`]
    await page.keyboard.press('Tab')
    const found = await page.evaluate<{ hasLeft: boolean; fault: string | null }>('tabbing.visit()')
    if (found.fault !== null) faults.push(found.fault)
    if (found.hasLeft) break
  }
  return [...faults, ...(await page.evaluate<string[]>('tabbing.unreached()'))]
}

const rememberControls = `(() => {
  // Where the next Tab starts from: the top, whatever was clicked before.
  const top = Object.assign(document.createElement('span'), { tabIndex: -1 })
  document.body.prepend(top)
  top.focus()
  top.remove()
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } = getComputedStyle(element)
    const outline = outlineStyle === 'none' || parseFloat(outlineWidth) < 1 ? '' : outlineStyle + outlineWidth + outlineColor
    return [outline, boxShadow, borderColor, backgroundColor].join('|')
  }
  const withParents = (element) => [element, element.parentElement, element.parentElement?.parentElement].filter(Boolean)
  const name = (element) => element.tagName.toLowerCase() + (element.id && '#' + element.id) + ' "' +
    (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim().slice(0, 40) + '"'
  const selector = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable="true"], [onclick]'
  const isOffered = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(':disabled, [tabindex="-1"], [type=hidden]') && element.closest('[inert]') === null
  // Of radio buttons of one name only one is a stop; the arrow keys go on from there.
  const isStop = (element) => element.type !== 'radio' || element.checked ||
    (document.querySelector('input[type=radio][name="' + element.name + '"]:checked') === null && document.querySelector('input[type=radio][name="' + element.name + '"]') === element)
  const controls = [...document.querySelectorAll(selector)].filter((element) => isOffered(element) && isStop(element))
  const resting = new Map(controls.flatMap(withParents).map((element) => [element, look(element)]))
  const seen = new Set()
  globalThis.tabbing = {
    controls,
    visit() {
      const element = document.activeElement
      if (element === document.body || element === null || element === document.documentElement) return { hasLeft: true, fault: null }
      if (element === controls[0] && seen.has(element) && seen.size > 1) return { hasLeft: true, fault: null }
      const isFirst = !seen.has(element)
      seen.add(element)
      const differs = withParents(element).some((one) => resting.has(one) && resting.get(one) !== look(one))
      return { hasLeft: false, fault: isFirst && resting.has(element) && !differs ? 'no visible focus: ' + name(element) : null }
    },
    // What went away meanwhile need not have been reached.
    unreached: () => controls.filter((element) => element.isConnected && isOffered(element) && isStop(element) && !seen.has(element)).map((element) => 'not reached by Tab: ' + name(element)),
  }
})()`
