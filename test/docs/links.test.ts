import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pages, root, snippetsOf } from './support/snippet.ts'

/** Links and pictures of a page, without what its code blocks say. */
function linksOf(page: string): string[] {
  let text = readFileSync(join(root, page), 'utf8')
  for (const { code } of snippetsOf(page)) text = text.replace(code, '')
  text = text.replace(/`[^`\n]*`/g, '`code`')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, href = '']) => href)
}

/** Headings as the repository's browser and the site name them. */
function anchorsOf(file: string): string[] {
  const withoutCode = readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  return [...withoutCode.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

function isDead(page: string, href: string): boolean {
  if (/^(https?|mailto):/.test(href)) return false
  const [path = '', anchor] = href.split('#')
  const target = path === '' ? join(root, page) : join(root, dirname(page), path)
  if (!existsSync(target)) return true
  if (anchor === undefined) return false
  const file = statSync(target).isDirectory() ? join(target, 'README.md') : target
  return !existsSync(file) || !anchorsOf(file).includes(anchor)
}

test.each(pages())('no link of %s is dead, its anchors included', (page) => {
  expect(linksOf(page).filter((href) => isDead(page, href))).toEqual([])
})

test('every page of the documentation can be reached from the site', () => {
  const config = readFileSync(join(root, 'docs', '.vitepress', 'config.ts'), 'utf8')
  const own = pages().filter((page) => /^docs\/[\w-]+\.md$/.test(page) && page !== 'docs/index.md')
  expect(own.length).toBeGreaterThan(15)
  for (const page of own) expect(config).toContain(`'${page.replace(/^docs(.*)\.md$/, '$1')}'`)
})

test('a dead link and a dead anchor are found', () => {
  expect(isDead('docs/streams.md', 'nowhere.md')).toBe(true)
  expect(isDead('docs/streams.md', 'diagnostics.md#nothing')).toBe(true)
  expect(isDead('docs/streams.md', 'diagnostics.md#health')).toBe(false)
  expect(isDead('README.md', 'packages/core')).toBe(false)
})
