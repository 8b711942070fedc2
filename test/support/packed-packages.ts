import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './run-command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Packs every package as it would be published, and returns each one's tarball by name. What was packed of the
 * same sources before is used again; the first time takes as long as a build.
 */
export async function packedPackages(): Promise<ReadonlyMap<string, string>> {
  const output = await runCommand(process.execPath, ['scripts/pack.mjs', '--if-changed'], { cwd: root })
  const folder = output.trim().split('\n').at(-1) ?? ''
  return new Map(readdirSync(folder).map((file) => [`@rivulet/${nameOf(file)}`, join(folder, file)] as const))
}

/** `log-redis` of `rivulet-log-redis-1.2.3.tgz`. */
function nameOf(file: string): string {
  const name = /^rivulet-(.+?)-\d+\.\d+\.\d+.*\.tgz$/.exec(file)?.[1]
  if (name === undefined) throw new Error(`${file} is no packed package.`)
  return name
}

/**
 * Makes a project outside of the workspace install the packed packages: those that it names, and those that
 * they need.
 *
 * @param manifest The text of the project's package.json; returned as it has to be.
 */
export function withPackedPackages(manifest: string, packed: ReadonlyMap<string, string>): string {
  const project = JSON.parse(manifest) as Record<string, Record<string, string> | undefined> // npm reads it so.
  for (const kind of ['dependencies', 'devDependencies']) {
    for (const name of Object.keys(project[kind] ?? {}).filter((name) => name.startsWith('@rivulet/'))) {
      const tarball = packed.get(name)
      if (tarball === undefined) throw new Error(`There is no package ${name}.`)
      project[kind] = { ...project[kind], [name]: `file:${tarball}` }
    }
  }
  const overrides = Object.fromEntries([...packed].map(([name, tarball]) => [name, `file:${tarball}`]))
  return `${JSON.stringify({ ...project, overrides: { ...project.overrides, ...overrides } }, null, 2)}\n`
}

/** The text of a project's package.json. */
export function readManifest(folder: string): string {
  return readFileSync(join(folder, 'package.json'), 'utf8')
}
