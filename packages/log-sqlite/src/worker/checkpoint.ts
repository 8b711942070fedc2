import { asFailure } from '../file/failure.ts'
import type { Database } from './database.ts'

/**
 * Moves the WAL into the file while others write, and begins it anew where nobody did: the first who writes into a new one waits for the disk, better
 * here than in the publishers' thread.
 *
 * @param write A write of the worker.
 */
export function checkpoint(
  database: Database,
  write: (work: () => boolean) => boolean,
): 'restarted' | 'growing' {
  const version = database.dataVersion()
  if (!database.checkpoint('PASSIVE')) return 'growing'
  try {
    const isRestarted = write(() => {
      // What others have stored since is in it, and is not in the file.
      if (database.dataVersion() !== version) return false
      database.touch()
      return true
    })
    return isRestarted ? 'restarted' : 'growing'
  } catch (error) {
    if (asFailure(error).isPassing) return 'growing'
    throw error
  }
}
