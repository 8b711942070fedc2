import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packedPackages } from '../support/packed-packages.ts'
import { runCommand } from '../support/run-command.ts'

/**
 * What users get: every package packed, installed by plain npm into a project outside of this workspace,
 * and used there as ES modules and CommonJS, in JavaScript and TypeScript.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'rivulet-packed-'))
const project = join(folder, 'project')
const greetings = 'hello core\nhello express\nhello fastify\n'

jest.setTimeout(600_000)

beforeAll(async () => {
  const packed = await packedPackages()
  cpSync(join(root, 'test', 'workspace', 'fixtures', 'plain-project'), project, { recursive: true })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'plain-project', private: true }))
  const theirs = ['express@5', 'fastify@5', '@types/express@5', '@types/node@20', 'typescript@6.0.3']
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packed.values(), ...theirs])
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(['javascript-esm.mjs', 'javascript-cjs.cjs'])('%s runs', async (program) => {
  expect(await run(process.execPath, [program])).toBe(greetings)
})

describe('in TypeScript', () => {
  beforeAll(async () => {
    await run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')])
  })

  test.each(['typescript-esm.mjs', 'typescript-cjs.cjs'])('%s compiles and runs', async (program) => {
    expect(await run(process.execPath, [join('compiled', program)])).toBe(greetings)
  })
})

describe.each(packageNames())('@rivulet/%s', (name) => {
  const installed = join(project, 'node_modules', '@rivulet', name)

  test('holds what it needs and nothing else', () => {
    const { files: named } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'package.json', ...named].sort())
    const files = readdirSync(join(installed, 'dist'))
    const entries = entriesOf(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(files).toEqual(expect.arrayContaining(entries))
    // What entries share, and what runs in a thread, is named by a file beside it.
    const texts = files.map((file) => [file, readFileSync(join(installed, 'dist', file), 'utf8')] as const)
    const isUsed = (file: string) =>
      entries.includes(file) || texts.some(([other, text]) => other !== file && text.includes(file))
    const isTypesOfUsed = (file: string) => isUsed(file.replace(/\.d\.([cm])ts$/, '.$1js'))
    expect(files.filter((file) => !isUsed(file) && !isTypesOfUsed(file))).toEqual([])
  })

  test('depends on versions that are published', () => {
    const manifest = readFileSync(join(installed, 'package.json'), 'utf8')
    expect(manifest).not.toContain('workspace:')
  })

  test('is installed once', () => {
    expect(readdirSync(installed)).not.toContain('node_modules')
  })
})

test('core brings no other package along', () => {
  const manifest = readFileSync(join(project, 'node_modules', '@rivulet', 'core', 'package.json'), 'utf8')
  expect(JSON.parse(manifest)).not.toHaveProperty('dependencies')
})

/** The files of `dist` that a manifest names. */
function entriesOf(manifest: string): string[] {
  return [...new Set(Array.from(manifest.matchAll(/"\.\/dist\/([^"]+)"/g), ([, file = '']) => file))]
}

test('npx runs the doctor', async () => {
  expect(await run('npx', ['--no-install', '@rivulet/doctor', '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/)
})

function packageNames(): string[] {
  return readdirSync(join(root, 'packages'))
}

async function run(command: string, args: readonly string[]): Promise<string> {
  return runCommand(command, args, { cwd: project })
}
