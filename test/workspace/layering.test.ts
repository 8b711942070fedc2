import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Biome checks the layering of the sources. These tests check Biome's configuration: every direction is
 * tried in a copy of the workspace that holds nothing but one import per file.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'rivulet-layering-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Which layers of core each layer may import. */
const below: Record<string, readonly string[]> = {
  sse: ['channel', 'stream', 'log', 'sink', 'wire'],
  channel: ['stream', 'log', 'sink', 'wire'],
  stream: ['sink', 'wire'],
  log: ['sink', 'wire'],
  sink: ['wire'],
  wire: [],
}
const layers = Object.keys(below)
const packages = readdirSync(join(root, 'packages')).filter((name) => name !== 'core')
const importRule = 'lint/style/noRestrictedImports'

const directions = layers.flatMap((from) =>
  layers
    .filter((to) => to !== from)
    .map((to) => ({
      from,
      to,
      permitted: below[from]?.includes(to) === true,
      code: importOf(`../${to}/a.ts`),
    })),
)
const forbidden: { what: string; file: string; code: string; rule: string }[] = [
  ...directions
    .filter(({ permitted }) => !permitted)
    .map(({ from, to, code }) => ({
      what: `core's ${from} importing ${to}`,
      file: `packages/core/src/${from}/imports-${to}.ts`,
      code,
      rule: importRule,
    })),
  ...layers.flatMap((layer) => [
    {
      what: `core's ${layer} importing the public index`,
      file: `packages/core/src/${layer}/imports-index.ts`,
      code: importOf('../index.ts'),
      rule: importRule,
    },
    {
      what: `core's ${layer} importing the kit for logs`,
      file: `packages/core/src/${layer}/imports-log-kit.ts`,
      code: importOf('../log-kit.ts'),
      rule: importRule,
    },
    {
      what: `core's ${layer} importing core by name`,
      file: `packages/core/src/${layer}/imports-core.ts`,
      code: importOf('@rivulet/core'),
      rule: importRule,
    },
    {
      what: `core's ${layer} importing a package`,
      file: `packages/core/src/${layer}/imports-package.ts`,
      code: importOf('express'),
      rule: 'lint/correctness/noUndeclaredDependencies',
    },
  ]),
  {
    what: 'importing only a type from a higher layer',
    file: 'packages/core/src/stream/imports-type.ts',
    code: `import type { a } from '../sse/a.ts'\nexport type B = typeof a\n`,
    rule: importRule,
  },
  {
    what: 'passing on a name of a higher layer',
    file: 'packages/core/src/stream/passes-on.ts',
    code: `export { a } from '../sse/a.ts'\n`,
    rule: importRule,
  },
  {
    what: 'importing a higher layer later',
    file: 'packages/core/src/stream/imports-later.ts',
    code: `export const later = () => import('../sse/a.ts')\n`,
    rule: importRule,
  },
  {
    what: 'wire doing I/O',
    file: 'packages/core/src/wire/does-io.ts',
    code: importOf('node:http'),
    rule: importRule,
  },
  {
    what: 'wire starting a timer',
    file: 'packages/core/src/wire/starts-timer.ts',
    code: `export const timer = setTimeout(() => undefined, 1)\n`,
    rule: 'lint/style/noRestrictedGlobals',
  },
  ...packages.flatMap((name) => [
    ...packages
      .filter((other) => other !== name)
      .map((other) => ({
        what: `${name} importing ${other}`,
        file: `packages/${name}/src/imports-${other}.ts`,
        code: importOf(`@rivulet/${other}`),
        rule: importRule,
      })),
    {
      what: `${name} importing a file inside core by path`,
      file: `packages/${name}/src/imports-path.ts`,
      code: importOf('../../core/src/wire/a.ts'),
      rule: importRule,
    },
    {
      what: `${name} importing a file inside core by name`,
      file: `packages/${name}/src/imports-subpath.ts`,
      code: importOf('@rivulet/core/wire'),
      rule: importRule,
    },
    {
      what: `${name} importing what only its tests have`,
      file: `packages/${name}/src/imports-undeclared.ts`,
      code: importOf('supertest'),
      rule: 'lint/correctness/noUndeclaredDependencies',
    },
  ]),
  {
    what: 'a cycle',
    file: 'packages/core/src/wire/one.ts',
    code: `import { two } from './two.ts'\nexport const one = () => two\n`,
    rule: 'lint/suspicious/noImportCycles',
  },
  {
    what: 'a cycle of types',
    file: 'packages/core/src/wire/two.ts',
    code: `import type { one } from './one.ts'\nexport const two: typeof one | null = null\n`,
    rule: 'lint/suspicious/noImportCycles',
  },
  {
    what: 'the doctor, which npx fetches alone, importing core',
    file: 'packages/doctor/src/imports-core.ts',
    code: importOf('@rivulet/core'),
    rule: 'lint/correctness/noUndeclaredDependencies',
  },
  {
    what: 'any',
    file: 'packages/core/src/wire/any.ts',
    code: 'export const b = (x: any): unknown => x\n',
    rule: 'lint/suspicious/noExplicitAny',
  },
  {
    what: 'a non-null assertion',
    file: 'packages/core/src/wire/assertion.ts',
    code: 'export const b = (x: string | null): string => x!\n',
    rule: 'lint/style/noNonNullAssertion',
  },
]

const permitted = [
  ...directions
    .filter((direction) => direction.permitted)
    .map(({ from, to, code }) => ({
      what: `core's ${from} importing ${to}`,
      file: `packages/core/src/${from}/imports-${to}.ts`,
      code,
    })),
  ...layers.flatMap((layer) => [
    {
      what: `core's index importing ${layer}`,
      file: `packages/core/src/index-${layer}.ts`,
      code: importOf(`./${layer}/a.ts`),
    },
    {
      what: `core's ${layer} importing a file beside it`,
      file: `packages/core/src/${layer}/b.ts`,
      code: importOf('./a.ts'),
    },
  ]),
  ...packages
    .filter((name) => name !== 'doctor')
    .map((name) => ({
      what: `${name} importing core`,
      file: `packages/${name}/src/imports-core.ts`,
      code: importOf('@rivulet/core'),
    })),
  {
    what: 'a log importing the kit for logs',
    file: 'packages/log-redis/src/imports-log-kit.ts',
    code: importOf('@rivulet/core/log-kit'),
  },
  { what: 'express importing its peer', file: 'packages/express/src/b.ts', code: importOf('express') },
  { what: 'fastify importing its peer', file: 'packages/fastify/src/b.ts', code: importOf('fastify') },
  { what: 'stream using HTTP', file: 'packages/core/src/stream/c.ts', code: importOf('node:http') },
  { what: 'wire hashing', file: 'packages/core/src/wire/c.ts', code: importOf('node:crypto') },
]

const complaints = lintAll()

test.each(forbidden)('refuses $what', ({ file, rule }) => {
  expect(complaints.get(file)).toContain(rule)
})

test.each(permitted)('permits $what', ({ file }) => {
  expect(complaints.get(file) ?? []).toEqual([])
})

function importOf(specifier: string): string {
  return `import { a } from '${specifier}'\n\nexport const used = a\n`
}

/** Which rules Biome finds broken, by file. */
function lintAll(): Map<string, string[]> {
  for (const file of ['package.json', 'biome.jsonc', 'biome.layers.jsonc']) copy(file)
  for (const name of ['core', ...packages]) copy(`packages/${name}/package.json`)
  for (const layer of layers) write(`packages/core/src/${layer}/a.ts`, 'export const a = 1\n')
  for (const { file, code } of [...forbidden, ...permitted]) write(file, code)

  const biome = join(root, 'node_modules', '.bin', 'biome')
  const options = ['--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json']
  const { stdout } = spawnSync(biome, ['lint', ...options, '.'], { cwd: folder, encoding: 'utf8' })
  const report = JSON.parse(stdout) as Report // Biome's own format; a change of it fails every test here.
  const rules = new Map<string, string[]>()
  for (const { category, location, severity } of report.diagnostics) {
    if (severity !== 'error') continue
    const file = location.path.replace(/^\.\//, '')
    rules.set(file, [...(rules.get(file) ?? []), category])
  }
  return rules
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string
    readonly severity: string
    readonly location: { readonly path: string }
  }[]
}

function copy(file: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  cpSync(join(root, file), join(folder, file))
}

function write(file: string, code: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), code)
}
