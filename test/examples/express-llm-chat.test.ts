import type { Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'
import { describeTemplate, desktop } from './harness/describe-template.ts'
import { Relay } from './harness/relay.ts'

async function ready(page: Page): Promise<void> {
  await page.waitForFunction(
    `document.querySelector('.turn') !== null || document.querySelector('#about').textContent.startsWith('A small model')`,
  )
}

/** Asks, and waits until an answer is on its way. */
async function ask(page: Page, question = 'What is a stream of events?'): Promise<void> {
  await page.getByLabel('Your question').fill(question)
  await page.keyboard.press('Enter')
  await hasState(page, 'Answering')
  await hasWords(page, 2)
}

const stop = (page: Page) => page.getByRole('button', { name: 'Stop' })

const states = {
  answering: (page: Page) => ask(page),
  async stopped(page: Page) {
    await ask(page)
    await stop(page).click()
    await page.getByText('Stopped. What was said stays.', { exact: true }).waitFor()
  },
}

// Slow enough that an answer is still being given when a test has looked at it: about eight seconds.
const env = { LOCAL_TOKEN_MS: '100' }
// A browser reports on its console that the network was gone, which one test is about.
const mayComplain = /ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE_CHUNKED)/

describeTemplate('express-llm-chat', { ready, states, env, mayComplain }, (template) => {
  test('an answer grows, ends, and the next question may come', async () => {
    const page = await template.open()
    await ask(page)
    expect(await page.getByRole('button', { name: 'Send' }).isVisible()).toBe(false)
    const begun = await answerOf(page)
    const whole = await finishedAnswer(page)
    expect(whole.startsWith(begun)).toBe(true)
    expect(whole.split(' ').length).toBeGreaterThanOrEqual(70)
    expect(whole).toMatch(/[.!?]$/)

    await ask(page, 'And what is a river?')
    expect(await page.locator('.question-text').allTextContents()).toEqual([
      'What is a stream of events?',
      'And what is a river?',
    ])
    await stop(page).click()
  })

  test('goes on after a reload in the middle, with nothing lost or doubled', async () => {
    const page = await template.open()
    const witness = await openConversation(page)
    const before = await answerOf(page)
    await page.reload()
    await hasState(page, 'Answering')
    await hasWords(page, before.split(' ').length + 3)
    expect((await answerOf(page)).startsWith(before)).toBe(true)
    expect(await finishedAnswer(page)).toBe(await finishedAnswer(witness))
  })

  test('shows the same in two tabs, and what is asked in one appears in the other', async () => {
    const first = await template.open()
    const second = await openConversation(first)
    await hasState(second, 'Answering')
    await stop(second).click()
    await first.getByText('Stopped. What was said stays.', { exact: true }).waitFor()
    expect(await answerOf(first)).toBe(await answerOf(second))

    await ask(second, 'And a river?')
    await first.locator('.question-text', { hasText: 'And a river?' }).waitFor()
    await hasState(first, 'Answering')
    expect(await finishedAnswer(first)).toBe(await finishedAnswer(second))
  })

  test('comes back by itself when the network was gone, and has every word', async () => {
    const relay = await Relay.to(template.server)
    const witness = await template.open()
    await ask(witness)
    const page = await template.open({
      ...desktop,
      url: witness.url().replace(template.server.url, relay.url),
    })
    await hasState(page, 'Answering')
    await hasWords(page, 2)
    relay.cut()
    await hasState(page, 'Reconnecting')
    const before = await answerOf(page)
    await hasWords(witness, before.split(' ').length + 5)
    expect(await answerOf(page)).toBe(before)

    relay.mend()
    expect(await finishedAnswer(page)).toBe(await finishedAnswer(witness))
    await relay.close()
  })

  test('says when the server no longer knows the conversation, and begins another', async () => {
    // A browser of its own, because it reports the 404 on its console, which is what this is about.
    const browser = await launchChromium(needs('chromium').path)
    try {
      const page = await browser.newPage()
      await page.goto(`${template.server.url}/?conversation=none`)
      await page.getByRole('heading', { name: 'This conversation is gone' }).waitFor()
      await ask(page)
      expect(page.url()).not.toContain('conversation=none')
    } finally {
      await browser.close()
    }
  })

  test('says so when the server was restarted in the middle of an answer, and goes on with another', async () => {
    const browser = await launchChromium(needs('chromium').path)
    const first = await template.installed.start(env)
    try {
      const page = await browser.newPage()
      await page.goto(first.url)
      await ask(page)
      await first.kill()
      await hasState(page, 'Reconnecting')
      const second = await template.installed.start({ ...env, PORT: first.port })
      await page.getByRole('heading', { name: 'This conversation is gone' }).waitFor()
      expect(await page.locator('.turn').getAttribute('data-state')).toBe('failed')
      await ask(page, 'Once more: what is a river?')
      expect(await page.locator('.turn').last().getAttribute('data-state')).toBe('running')
      await second.stop()
    } finally {
      await browser.close()
    }
  })

  test('what a model says never becomes HTML, and code is shown as code', async () => {
    const page = await template.open()
    const html = await page.evaluate<string>(`(async () => {
      const { readable } = await import('/answer-text.js')
      const host = document.createElement('div')
      host.append(...readable('# Title\\n\\nSome \`code\`, **bold** and <b>no tag</b>.\\n\\n- one\\n- two\\n\\n\`\`\`js\\nlet a = "<i>"\\n\`\`\`\\n\\n\`\`\`\\nnot ended'))
      return host.innerHTML
    })()`)
    expect(html).toBe(
      '<p><strong>Title</strong></p>' +
        '<p>Some <code>code</code>, <strong>bold</strong> and &lt;b&gt;no tag&lt;/b&gt;.</p>' +
        '<ul><li>one</li><li>two</li></ul>' +
        '<pre tabindex="0"><code>let a = "&lt;i&gt;"</code></pre>' +
        '<pre tabindex="0"><code>not ended</code></pre>',
    )
  })

  /** Asks in one page and opens the conversation in another, with no cache or network shared. */
  async function openConversation(page: Page): Promise<Page> {
    await ask(page)
    return template.open({ ...desktop, url: page.url() })
  }
})

async function hasState(page: Page, state: string): Promise<void> {
  await page.locator('#state', { hasText: new RegExp(`^${state}$`) }).waitFor()
}

/** The newest answer, as far as it is there. */
async function answerOf(page: Page): Promise<string> {
  return (await page.locator('.answer-text').last().textContent()) ?? ''
}

async function hasWords(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    `[...document.querySelectorAll('.answer-text')].at(-1)?.textContent.split(' ').length >= ${count}`,
  )
}

async function finishedAnswer(page: Page): Promise<string> {
  await page.locator('.turn:last-child[data-state="done"]').waitFor()
  return answerOf(page)
}
