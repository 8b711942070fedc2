import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * What is to be done with a code block, said by a comment right before it, which no reader sees:
 *
 * | comment | |
 * |---|---|
 * | none | a module: type-checked by itself |
 * | `<!-- snippet: fragment -->` | type-checked with the names of `context/common.d.ts`; `fragment postgres` adds `context/postgres.d.ts` |
 * | `<!-- snippet: program GET /clock tick -->` | a module that is also run: it listens on `PORT`, and this path brings this event |
 * | `<!-- snippet: before -->`, `<!-- snippet: after -->` | two programs, run against each other: the same events arrive; `before untyped because …` is run only |
 * | `<!-- snippet: file app.ts -->` | a module that other blocks of the page import as `./app.js` |
 * | `<!-- snippet: test jest vitest -->` | a test file that is also run by these runners: `jest`, `vitest`, `node` |
 * | `<!-- snippet: run by test/deployment -->` | a module that a test of that folder runs in its own way |
 * | `<!-- snippet: unchecked because … -->` | neither checked nor run, for a reason |
 */
export type Directive =
  | { readonly kind: 'module' | 'after' }
  | { readonly kind: 'before'; readonly untypedBecause: string | undefined }
  | { readonly kind: 'fragment'; readonly contexts: readonly string[] }
  | { readonly kind: 'program'; readonly path: string; readonly event: string }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'test'; readonly runners: readonly string[] }
  | { readonly kind: 'run by'; readonly folder: string }
  | { readonly kind: 'unchecked'; readonly reason: string }

/** A fenced code block of a page. */
export interface Snippet {
  /** The page, from the root: `docs/streams.md`. */
  readonly page: string
  /** The line of its first line of code, counted from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  readonly directive: Directive
}

/** Everything that readers are shown: the documentation, and what is beside the packages and examples. */
export function pages(): string[] {
  const found = ['README.md', 'CONTRIBUTING.md']
  for (const name of readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.md') && !/^(api|\.vitepress)\b/.test(name)) found.push(join('docs', name))
  }
  for (const parent of ['packages', 'examples']) {
    const readmes = ['', ...readdirSync(join(root, parent))].map((name) => join(parent, name, 'README.md'))
    found.push(...readmes.filter((page) => existsSync(join(root, page))))
  }
  return found.map((page) => page.split(sep).join('/')).sort()
}

/** All code blocks of a page, in their order. */
export function snippetsOf(page: string): Snippet[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n')
  const snippets: Snippet[] = []
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent = '', fence, language = ''] = /^( *)(`{3,})(\w*)/.exec(lines[index] ?? '') ?? []
    if (fence === undefined) continue
    const end = lines.findIndex((line, at) => at > index && line.trim() === fence)
    if (end === -1) throw new Error(`${page}:${index + 1}: the code block has no end`)
    const code = lines.slice(index + 1, end).map((line) => line.replace(indent, ''))
    const directive = directiveBefore(lines, index, page)
    snippets.push({ page, line: index + 2, language, code: `${code.join('\n')}\n`, directive })
    index = end
  }
  return snippets
}

function directiveBefore(lines: readonly string[], fence: number, page: string): Directive {
  let index = fence - 1
  while (lines[index]?.trim() === '') index -= 1
  const text = /^\s*<!-- snippet: (.*) -->$/.exec(lines[index] ?? '')?.[1]
  return text === undefined ? { kind: 'module' } : parseDirective(text, `${page}:${index + 1}`)
}

function parseDirective(text: string, place: string): Directive {
  const [kind, ...words] = text.split(' ')
  const [first = '', second = '', third = ''] = words
  const isComplete: Record<string, () => Directive | false> = {
    fragment: () => ({ kind: 'fragment', contexts: words }),
    program: () => first === 'GET' && third !== '' && { kind: 'program', path: second, event: third },
    before: () =>
      (words.length === 0 || text.startsWith('before untyped because ')) && {
        kind: 'before',
        untypedBecause: words.slice(2).join(' ') || undefined,
      },
    after: () => words.length === 0 && { kind: 'after' },
    file: () => first !== '' && { kind: 'file', name: first },
    test: () => first !== '' && { kind: 'test', runners: words },
    run: () => first === 'by' && second !== '' && { kind: 'run by', folder: second },
    unchecked: () => first === 'because' && second !== '' && { kind: 'unchecked', reason: words.join(' ') },
  }
  const directive = isComplete[kind ?? '']?.()
  if (!directive) throw new Error(`${place}: no such comment about a code block: ${text}`)
  return directive
}

/** `docs/streams.md:12`, for messages and names of tests. */
export function placeOf({ page, line }: Snippet): string {
  return `${page}:${line}`
}

/** A path for the folder of a page's blocks, apart from those of other pages. */
export function folderOf(page: string): string {
  return relative('.', page).replace(/\W+/g, '-')
}
