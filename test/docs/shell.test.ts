import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pages, placeOf, root, type Snippet, snippetsOf } from './support/snippet.ts'

const blocks = pages()
  .flatMap(snippetsOf)
  .filter(({ language }) => ['sh', 'bash', 'shell'].includes(language))

interface Manifest {
  readonly name: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}

const ours = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(root, folder, 'package.json')))
  .map((folder) => manifestIn(folder).name)
const installed = Object.keys(manifestIn('.').devDependencies ?? {})

/** Programs that a reader has, or is told to get right there. */
const programs = ['npm', 'npx', 'node', 'curl', 'cd', 'cp', 'docker', 'git', 'sqlite3', 'openssl']

/** What is wrong with a line, for a reader who types it; several commands stand one after the other. */
function problemsOf(line: string, { page }: Pick<Snippet, 'page'>): string[] {
  const command = line
    .replace(/\s#.*$/, '')
    .replace(/^(\w+=\S+\s+)+/, '')
    .trim()
  if (command === '') return []
  const [program = '', ...args] = command.split(/\s+/)
  if (!programs.includes(program)) return [`${program} is no program that readers are known to have`]
  if (program === 'npm') return problemsOfNpm(args, page)
  if (program === 'npx')
    return isKnown(args.find((arg) => !arg.startsWith('-'))) ? [] : [`npx ${args[0]}: no such package`]
  return []
}

function problemsOfNpm(args: readonly string[], page: string): string[] {
  const [verb = '', ...rest] = args.filter(
    (arg, index) => arg !== '--prefix' && args[index - 1] !== '--prefix',
  )
  if (['install', 'i'].includes(verb)) {
    const unknown = rest.filter((arg) => !arg.startsWith('-') && !arg.startsWith('.') && !isKnown(arg))
    return unknown.map((name) => `npm install ${name}: no package of ours, and none that is tried here`)
  }
  const script = verb === 'run' ? (rest[0] ?? '') : verb
  const prefix = args.includes('--prefix') ? args[args.indexOf('--prefix') + 1] : undefined
  const missing = (prefix === undefined ? projectsOf(page) : [prefix]).filter(
    (folder) => manifestIn(folder).scripts?.[script] === undefined,
  )
  return missing.map((folder) => `npm ${verb} ${script}: no such script in ${folder}`)
}

/** Where a page's commands are typed: in an example, in any of them, or in the repository's root. */
function projectsOf(page: string): string[] {
  const folder = page.slice(0, -'/README.md'.length)
  if (!page.startsWith('examples/')) return ['.']
  if (folder !== 'examples') return [folder]
  return readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}`)
    .filter((example) => existsSync(join(root, example, 'package.json')))
}

function isKnown(name = ''): boolean {
  const bare = name.replace(/(?<=.)@[^@/]*$/, '')
  return ours.includes(bare) || installed.includes(bare)
}

test.each(blocks.map((block) => ({ place: placeOf(block), block })))(
  'the commands at $place can be typed',
  ({ block }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: block.code, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const lines = block.code.replace(/\\\n/g, ' ').split('\n')
    expect(lines.flatMap((line) => problemsOf(line, block))).toEqual([])
  },
)

test('what cannot be typed is found', () => {
  const page = 'README.md'
  expect(problemsOf('npm run nothing', { page })).toHaveLength(1)
  expect(problemsOf('npm install express @rivulet/nothing', { page })).toHaveLength(1)
  expect(problemsOf('npx @rivulet/nothing', { page })).toHaveLength(1)
  expect(problemsOf('apt-gett update', { page })).toHaveLength(1)
  expect(problemsOf('PORT=1 npm test -- packages/core', { page })).toEqual([])
})
