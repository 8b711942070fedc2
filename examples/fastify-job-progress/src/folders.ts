import { realpathSync, statSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, delimiter, join, relative, sep } from 'node:path'

/** A folder that jobs may read. Pages choose by name and cannot name another one. */
export interface Folder {
  readonly name: string
  readonly path: string
}

export interface FoundFile {
  /** Path inside of the folder, with `/`. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly modifiedAt: number
}

/** What is offered where nothing else is said: something that is there after `npm install`. Name your own folders here. */
const offered = ['node_modules/typescript', 'node_modules/fastify', 'node_modules/tsx', 'public', 'src']

/**
 * @param list Paths with `:` (on Windows `;`) between them. Left out: some of this app's own folders.
 * @throws {Error} for a path where no folder is, and for two of the same name.
 */
export function chooseFolders(list: string | undefined): Folder[] {
  const paths = list === undefined || list === '' ? offered.filter(isFolder) : list.split(delimiter)
  const folders = paths.map(folderAt)
  const twice = folders.find(({ name }, index) => folders.findIndex((other) => other.name === name) < index)
  if (twice !== undefined) throw new Error(`FOLDERS has two folders of the name ${twice.name}.`)
  return folders
}

function folderAt(path: string): Folder {
  if (!isFolder(path)) throw new Error(`There is no folder at ${path}. FOLDERS takes paths of folders.`)
  return { name: basename(path), path: realpathSync(path) }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** All files of a folder and those below it, by name. What links lead to is left out, and so is the folder `except`. */
export async function findFiles(folder: string, except: string): Promise<FoundFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(except + sep))
  const files: FoundFile[] = []
  for (const path of paths) {
    const { size, mtimeMs } = await lstat(path)
    files.push({
      name: relative(folder, path).split(sep).join('/'),
      path,
      bytes: size,
      modifiedAt: mtimeMs,
    })
  }
  return files.sort((one, other) => (one.name < other.name ? -1 : 1))
}
