import { resolve } from 'node:path'
import { type EventLog, SseError } from '@rivulet/core'
import { checked, duration, type OptionChecks, resolveOptions } from '@rivulet/core/log-kit'
import { SqliteLog, type SqliteLogSettings } from './sqlite-log.ts'

export interface SqliteLogOptions {
  /**
   * Path of the file, made where it is not there yet; its folder has to be there. SQLite keeps two more beside it while it is
   * open, `…-wal` and `…-shm`. It has to be on a local disk, and nothing else may be in it.
   */
  readonly file: string
  /**
   * `full` (default): what `publish` has resolved is on the disk, and survives a loss of power. `normal`: it survives the end of
   * every process, but a loss of power or a crash of the system may take the newest events.
   */
  readonly synchronous?: 'full' | 'normal' | undefined
  /** How long to wait for an answer, or for another program's lock, in milliseconds. Default 5,000. */
  readonly answerMs?: number | undefined
  /**
   * How long a channel that is followed may be silent until the log looks whether something was missed, in milliseconds.
   * Default 15,000.
   */
  readonly checkMs?: number | undefined
  /**
   * How often to look whether another process has stored something, in milliseconds, while something is followed. Default 10.
   * What this process publishes is delivered at once.
   */
  readonly pollMs?: number | undefined
}

const defaults: SqliteLogSettings = {
  file: '',
  synchronous: 'full',
  answerMs: 5_000,
  checkMs: 15_000,
  pollMs: 10,
}

const checks: OptionChecks<SqliteLogSettings> = {
  file: checked('must be the path of a file', isPath),
  synchronous: checked("must be 'full' or 'normal'", isSynchronous),
  answerMs: duration,
  checkMs: duration,
  pollMs: duration,
}

/**
 * A log in one SQLite file, for any number of channels and for all processes of one machine:
 * `createChannel('orders', { log: createSqliteLog({ file: 'events.db' }) })`.
 *
 * Make one per process and close it after the channels. Events are stored in this thread for as long as that is quick; what may take longer, such as waiting
 * for another process's lock, is done by a thread that the first call starts.
 *
 * @throws SseError `ERR_SSE_OPTION`
 * @see https://www.sqlite.org/wal.html
 */
export function createSqliteLog(options: SqliteLogOptions): EventLog {
  const settings = resolveOptions('createSqliteLog()', options, defaults, checks)
  const { file } = settings
  if (file === ':memory:' || file.startsWith('file:') || file === '') {
    throw new SseError('ERR_SSE_OPTION', `createSqliteLog(): file ${whyNot(file)}`, { value: file })
  }
  // What a later chdir() must not move.
  return new SqliteLog({ ...settings, file: resolve(file) })
}

function whyNot(file: string): string {
  if (file === '') return 'must be the path of a file.'
  if (file === ':memory:') {
    return 'must be the path of a file, not ":memory:". For a log in memory use createMemoryLog() of @rivulet/core.'
  }
  return `must be a plain path, not a URI like ${JSON.stringify(file)}.`
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function isSynchronous(value: unknown): value is 'full' | 'normal' {
  return value === 'full' || value === 'normal'
}
