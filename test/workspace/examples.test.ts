import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Each example is a project to copy, with tests of its own that its new owner keeps: they have to pass. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = join(root, 'examples')
const withTests = readdirSync(examples).filter((name) => scriptsOf(name).test !== undefined)

beforeAll(() => {
  // An example imports the packages as a user does, as they were built.
  run(process.execPath, ['scripts/build.mjs', '--if-changed'], root)
}, 120_000)

test.each(withTests)(
  'the tests of %s pass',
  (name) => {
    run('npm', ['test'], join(examples, name))
  },
  120_000,
)

function scriptsOf(name: string): { readonly test?: string } {
  const file = join(examples, name, 'package.json')
  if (!existsSync(file)) return {}
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: { test?: string } } // npm reads it so.
  return manifest.scripts ?? {}
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 100_000 })
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} failed:\n${stdout}\n${stderr}`)
}
