import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.ts'

/** The packages that the API reference has a folder for, once it has been generated. */
export function apiPages(): { text: string; link: string }[] {
  const folder = join(root, 'docs', 'api')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^@?[\w/-]+\/(index|README)\.md$/.test(name))
    .map((name) => name.replace(/\/(index|README)\.md$/, ''))
    .sort()
    .map((name) => ({ text: name, link: `/api/${name}/` }))
}
