import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { runCommand } from '../../support/run-command.ts'
import { root, type Snippet } from './snippet.ts'

const bin = join(root, 'node_modules', '.bin')

/** How a user's project runs its tests, with the configuration that the runner's own pages give. */
const runners: Readonly<Record<string, { files: Readonly<Record<string, string>>; command: string[] }>> = {
  jest: {
    files: {
      'jest.config.json': JSON.stringify({
        testEnvironment: 'node',
        testMatch: ['**/*.spec.*'],
        transform: { '\\.(ts|js)$': [require.resolve('@swc/jest'), { module: { type: 'commonjs' } }] },
        moduleNameMapper: { '^(\\./.*)\\.js$': '$1' },
      }),
      '.swcrc': JSON.stringify({ jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }),
    },
    command: [join(bin, 'jest')],
  },
  vitest: {
    files: { 'vitest.config.mjs': "export default { test: { globals: true, include: ['*.spec.*'] } }\n" },
    command: [join(bin, 'vitest'), 'run'],
  },
  node: { files: {}, command: [process.execPath, '--test'] },
}

/**
 * Runs a test file of a page in a project of its own, against the packages as they are built.
 *
 * @param files Blocks of the page that it imports.
 * @throws {Error} with the runner's output, unless all of its tests pass
 */
export async function runTestFile(test: Snippet, files: readonly Snippet[], runner: string): Promise<void> {
  const { files: configuration, command } = runners[runner] ?? {}
  if (command === undefined || configuration === undefined) throw new Error(`There is no runner ${runner}`)
  // Beside the packages, where it finds them as a user's project does; not below node_modules, which runners leave out.
  const folder = mkdtempSync(join(root, 'test', 'docs', '.run-'))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  try {
    for (const [name, text] of Object.entries(configuration)) write(name, text)
    write('package.json', JSON.stringify({ type: runner === 'jest' ? 'commonjs' : 'module' }))
    for (const { code, directive } of files) {
      if (directive.kind !== 'file') continue
      if (runner === 'node') write(directive.name.replace(/\.ts$/, '.js'), withoutTypes(code))
      else write(directive.name, code)
    }
    const name = `streams.spec.${runner === 'node' ? 'js' : test.language}`
    write(name, test.code)
    const [program = '', ...args] = command
    await runCommand(program, runner === 'node' ? [...args, name] : args, {
      cwd: folder,
      env: { CI: 'true', NO_COLOR: '1' },
      timeoutMs: 60_000,
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function withoutTypes(code: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  return ts.transpileModule(code, { compilerOptions }).outputText
}
