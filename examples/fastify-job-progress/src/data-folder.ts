import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where everything is that has to outlive this process. */
export interface DataFolder {
  readonly path: string
  /** Leaves it to the next process. */
  release(): void
}

/**
 * Makes the folder, and takes it for this process alone: two would both go on with what a third one left.
 *
 * @throws {Error} while another process has it.
 */
export function takeDataFolder(folder: string): DataFolder {
  mkdirSync(folder, { recursive: true })
  const path = realpathSync(folder)
  const mark = join(path, 'server.pid')
  const owner = readOwner(mark)
  if (owner !== null && owner !== process.pid && isAlive(owner)) {
    throw new Error(
      `Process ${owner} uses ${path}. Give this one another folder: DATA=… npm start. (If that process is something else, delete ${mark}.)`,
    )
  }
  writeFileSync(mark, String(process.pid))
  return { path, release: () => rmSync(mark, { force: true }) }
}

function readOwner(mark: string): number | null {
  try {
    return Number(readFileSync(mark, 'utf8'))
  } catch {
    return null // Nobody's: the one before has ended in order, or there was none.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
