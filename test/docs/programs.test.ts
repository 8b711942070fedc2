import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { collect } from '@rivulet/testing'
import { buildPackages, RunningProgram } from '../support/readme-program.ts'
import { pages, placeOf, root, type Snippet, snippetsOf } from './support/snippet.ts'

const snippets = pages().flatMap(snippetsOf)
const programs = snippets.flatMap((snippet) =>
  snippet.directive.kind === 'program' ? [{ ...snippet, ...snippet.directive, place: placeOf(snippet) }] : [],
)

beforeAll(buildPackages, 300_000)

test.each(programs)(
  'the program at $place runs: GET $path brings $event',
  async ({ code, path, event: wanted }) => {
    const program = await RunningProgram.run(code)
    try {
      const { status, problems } = await collect(program.url, path, {
        until: ({ event }) => event === wanted,
        timeoutMs: 15_000,
      })
      expect({ status, problems }).toEqual({ status: 200, problems: [] })
    } finally {
      await program.stop()
    }
  },
  40_000,
)

test('whatever listens is a program that is run', () => {
  const listening = snippets.filter(({ code, language }) => language === 'js' && /\.listen\(/.test(code))
  expect(listening.length).toBeGreaterThan(5)
  expect(listening.filter((snippet) => !isRun(snippet)).map(placeOf)).toEqual([])
})

test.each(
  readdirSync(join(root, 'packages')).filter((name) =>
    existsSync(join(root, 'packages', name, 'package.json')),
  ),
)('the README of %s has a program of its own that is run', (name) => {
  const page = `packages/${name}/README.md`
  expect(snippets.some((snippet) => snippet.page === page && isRun(snippet))).toBe(true)
})

const runHere: ReadonlySet<string> = new Set(['program', 'test', 'before', 'after'])

/** Run here, by a test runner, or by tests of their own that name the page. */
function isRun({ page, directive }: Snippet): boolean {
  if (directive.kind !== 'run by') return runHere.has(directive.kind)
  const folder = join(root, directive.folder)
  const name = page.slice(page.lastIndexOf('/') + 1)
  const isBeside = directive.folder.startsWith(dirname(page))
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .some((file) => readFileSync(join(folder, file), 'utf8').includes(isBeside ? name : page))
}
