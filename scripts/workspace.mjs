import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** What the scripts remember between two runs. Deleting node_modules forgets it, as it should. */
export const cacheFolder = join(root, 'node_modules', '.cache', 'rivulet')

/** Folders of the packages that are published. */
export function packageFolders() {
  return foldersIn(join(root, 'packages')).filter((folder) => existsSync(join(folder, 'package.json')))
}

/** Folders of the example projects. */
export function exampleFolders() {
  return foldersIn(join(root, 'examples')).filter((folder) => existsSync(join(folder, 'package.json')))
}

function foldersIn(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort()
}

/** One hash over the paths and contents of these files and of all files in these folders. */
export function hashOf(paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap(filesAt)) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

function filesAt(path) {
  if (!existsSync(path)) return []
  const entries = readdirSync(dirname(path), { withFileTypes: true })
  const isFolder = entries.some((entry) => join(dirname(path), entry.name) === path && entry.isDirectory())
  if (!isFolder) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesAt(join(path, name)))
}

export function remembered(name) {
  const file = join(cacheFolder, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

export function remember(name, value) {
  mkdirSync(cacheFolder, { recursive: true })
  writeFileSync(join(cacheFolder, name), value)
}
