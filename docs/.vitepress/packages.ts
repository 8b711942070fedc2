import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Packages that have a page, by their folders. */
export function packageNames(): string[] {
  const folder = join(root, 'packages')
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'README.md')))
}
