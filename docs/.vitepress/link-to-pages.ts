import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { root } from './packages.ts'

/**
 * Links are written for the repository, relative to the file they are in. Here they become links between pages of the site. What has no
 * page there (a source, a folder of programs) is only named.
 */
export function linkToPages(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('link-to-pages', ({ tokens, env }) => {
    const page: string = env.realPath ?? env.path
    for (const { children } of tokens) {
      let isDropped = false
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? ''
          const link = siteLink(page, href)
          isDropped = link === undefined
          if (link !== undefined) token.attrSet('href', link)
        }
        if (isDropped && /^link_(open|close)$/.test(token.type)) {
          isDropped = token.type === 'link_open'
          token.type = 'html_inline'
          token.content = ''
        }
      }
    }
  })
}

/** The address on the site; `undefined` where there is no page. */
function siteLink(page: string, href: string): string | undefined {
  if (/^([a-z]+:|#|\/)/i.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const file = fileAt(join(dirname(page), path))
  if (file === undefined) return href // A dead link: reported as such.
  const name = relative(root, file).split(sep).join('/')
  const link = addressOf(name)
  return link === undefined ? undefined : `${link}${anchor === undefined ? '' : `#${anchor}`}`
}

/** A folder stands for its README. */
function fileAt(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  return statSync(path).isDirectory() && existsSync(join(path, 'README.md')) ? join(path, 'README.md') : path
}

function addressOf(name: string): string | undefined {
  if (name === 'README.md') return '/'
  if (name === 'CONTRIBUTING.md') return '/contributing'
  if (name === 'docs/decisions/README.md') return '/decisions/'
  if (name === 'examples/README.md') return '/examples/'
  const [, beside] = /^((?:packages|examples)\/[^/]+)\/README\.md$/.exec(name) ?? []
  if (beside !== undefined) return `/${beside}`
  return /^docs\/.*\.md$/.test(name) ? `/${name.slice('docs/'.length, -'.md'.length)}` : undefined
}
