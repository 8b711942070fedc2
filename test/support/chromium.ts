import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Starts a browser that talks to nobody but the test. `path` is `needs('chromium').path`. */
export async function launchChromium(path: string): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    args: [
      '--no-sandbox', // Chromium refuses its sandbox to root, which CI containers run as.
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A page, and everything that it and others of its context complained of so far: errors and warnings on its console, exceptions, failed requests. */
export interface WatchedPage {
  readonly page: Page
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/** Opens `url` in a context of its own: no cookies, cache or connections are shared with another page. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const complaints: string[] = []
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`))
  context.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`)
  })
  const page = await context.newPage()
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}

/**
 * The texts of a page that stand out less than WCAG's AA asks for (4.5 : 1, whatever their size), each
 * with its contrast. Controls that are disabled are exempt there, too. Pictures and gradients behind a text are not seen, only colours.
 */
export async function unreadableTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 1
    const context = canvas.getContext('2d', { willReadFrequently: true })
    // Painting one pixel understands every notation of colours, and transparency.
    const paint = (colors) => {
      for (const color of colors) {
        context.fillStyle = color
        context.fillRect(0, 0, 1, 1)
      }
      return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]
    }
    const luminance = (rgb) => {
      const [r, g, b] = rgb.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const unreadable = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const text = texts.currentNode.textContent.trim()
      const element = texts.currentNode.parentElement
      if (text === '' || !element.checkVisibility() || element.closest(':disabled')) continue
      const style = getComputedStyle(element)
      const backgrounds = []
      for (let at = element; at; at = at.parentElement) backgrounds.unshift(getComputedStyle(at).backgroundColor)
      const behind = ['Canvas', ...backgrounds]
      const color = element instanceof SVGElement ? style.fill : style.color
      const [dark, light] = [luminance(paint(behind)), luminance(paint([...behind, color]))].sort((a, b) => a - b)
      const contrast = (light + 0.05) / (dark + 0.05)
      if (contrast < 4.5) unreadable.push(text + ': ' + contrast.toFixed(2))
    }
    return unreadable
  })()`)
}
