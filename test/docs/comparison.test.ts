import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestClient } from '@rivulet/testing'
import { buildPackages, RunningProgram } from '../support/readme-program.ts'
import { root, snippetsOf } from './support/snippet.ts'

const page = readFileSync(join(root, 'docs', 'comparison.md'), 'utf8')
const [columns = [], , ...rows] = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

/** A row by the beginning of its name, as cells by the column's name. */
function row(name: string): Record<string, string> {
  const cells = rows.find(([title]) => title?.startsWith(name))
  if (cells === undefined) throw new Error(`There is no row ${name}`)
  return Object.fromEntries(
    columns.slice(1).map((column, index) => [column.split(' ')[0] ?? '', cells[index + 1] ?? '']),
  )
}

function installed(name: string, file: string): string {
  return readFileSync(join(root, 'node_modules', name, file), 'utf8')
}

const libraries = ['express-sse', 'better-sse', 'fastify-sse-v2', '@fastify/sse']

test('the versions and dependencies are those that are installed', () => {
  const counts = row('runtime dependencies')
  for (const name of libraries) {
    const { version, dependencies = {} } = JSON.parse(installed(name, 'package.json'))
    expect(columns).toContain(`${name} ${version}`)
    expect(counts[name]).toBe(String(Object.keys(dependencies).length))
  }
  const core = JSON.parse(readFileSync(join(root, 'packages', 'core', 'package.json'), 'utf8'))
  expect(Object.keys(core.dependencies ?? {})).toEqual([])
  expect(counts.Rivulet).toBe('core 0')
})

test('what is said of heartbeats is in their sources', () => {
  const heartbeats = row('heartbeats')
  expect(heartbeats['express-sse']).toBe('no [s]')
  expect(installed('express-sse', 'index.js')).not.toMatch(/setInterval|setTimeout\(\s*\(/)
  expect(heartbeats['better-sse']).toBe('every 10 s [s]')
  expect(installed('better-sse', 'build/index.mjs')).toMatch(
    /keepAlive \?\? 1e4|keepAlive \?\? 10_?000|keepAlive.*1e4/,
  )
  expect(heartbeats['fastify-sse-v2']).toBe('no [s]')
  for (const file of ['plugin.ts', 'sse.ts', 'index.ts']) {
    expect(installed('fastify-sse-v2', `src/${file}`)).not.toMatch(/setInterval|setTimeout/)
  }
  expect(heartbeats['@fastify/sse']).toBe('every 30 s [d]')
  expect(installed('@fastify/sse', 'README.md')).toContain(
    'heartbeat interval in milliseconds (default: 30000)',
  )
})

const programs = snippetsOf('docs/migrating.md').flatMap(({ code, directive: { kind } }) => {
  const name = kind === 'before' ? libraries.find((library) => code.includes(`'${library}'`)) : undefined
  return name === undefined ? [] : [{ name, code }]
})
const [rivulet] = snippetsOf('docs/migrating.md').filter(({ directive }) => directive.kind === 'after')

beforeAll(buildPackages, 300_000)

test('each library has its program', () => {
  expect(programs.map(({ name }) => name)).toEqual(libraries)
})

test.each([...programs, { name: 'Rivulet', code: rivulet?.code ?? '' }])(
  'whether the head of $name goes out before the first event is as the table says',
  async ({ name, code }) => {
    const program = await RunningProgram.run(code)
    const client = createTestClient(program.url, '/events', { timeoutMs: 1_500 })
    try {
      const comesAtOnce = await client.connect().then(
        () => true,
        ({ code: errorCode }) => errorCode !== 'ERR_SSE_TIMEOUT',
      )
      expect(row('the head goes out')[name]).toBe(comesAtOnce ? 'yes' : 'no')
    } finally {
      await client.close()
      await program.stop()
    }
  },
  30_000,
)
